using System.Data.Common;

namespace Interconnect.Adapters.Hosting.Records;

/// <summary>The session that held the lease is gone; nothing can be written until the role has it again.</summary>
internal sealed class LeaseLostException() : DbException("The lease was lost.");
