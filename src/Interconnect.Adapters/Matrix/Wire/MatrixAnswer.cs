using System.Text.Json;

namespace Interconnect.Adapters.Matrix.Wire;

/// <summary>What a request to the homeserver led to. A closed set.</summary>
internal abstract record MatrixAnswer
{
    /// <summary>Done.</summary>
    public sealed record Ok(JsonElement Body) : MatrixAnswer;

    /// <summary>Certainly not done; trying again can help.</summary>
    /// <param name="Status">The answer's; null when there was none.</param>
    public sealed record Later(TimeSpan RetryAfter, string Reason, int? Status = null) : MatrixAnswer;

    /// <summary>Certainly not done, and will not be.</summary>
    /// <param name="ErrorCode">The homeserver's, such as <c>M_FORBIDDEN</c>; <c>M_UNKNOWN</c> when it gave none, or one that no log can bear.</param>
    public sealed record No(int Status, string ErrorCode) : MatrixAnswer;

    /// <summary>Sent, but not answered: it may have been done.</summary>
    public sealed record Unknown(string Reason) : MatrixAnswer;
}
