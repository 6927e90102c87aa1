using Interconnect.Storage;

namespace Interconnect.Hub.Tests.Kit;

/// <summary>How a commit fails: before anything is written, or after all of it is, when only the answer is lost.</summary>
internal enum Fault
{
    None,
    NotPersisted,
    PersistedButReportedFailed,
}

/// <summary>Fails commits as told, each once.</summary>
internal sealed class Faults
{
    private volatile Fault next;

    /// <summary>The fault of the next commit that writes anything; back to none once it struck.</summary>
    public Fault Next { get => next; set => next = value; }

    public int Struck { get; private set; }

    public CommitStep Around(CommitStep commit) => async (batch, cancellation) =>
    {
        var fault = batch.Count == 0 ? Fault.None : next;
        if (fault != Fault.None)
        {
            next = Fault.None;
            Struck++;
        }

        if (fault == Fault.NotPersisted)
        {
            throw new IOException("the connection broke before the commit");
        }

        await commit(batch, cancellation);
        if (fault == Fault.PersistedButReportedFailed)
        {
            throw new IOException("the connection broke after the commit");
        }
    };
}
