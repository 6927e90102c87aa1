namespace Interconnect.Mls.Encoding;

/// <summary>Carries a refused check up to the facade, which turns it into a value. Never leaves the assembly.</summary>
internal sealed class MlsRefusal(MlsError error) : Exception(error.ToString())
{
    public MlsError Error { get; } = error;

    /// <summary>Runs an operation of the facade: a refused check becomes a value, anything else is a defect and passes through.</summary>
    public static MlsResult<T> Catch<T>(Func<T> operation)
        where T : class
    {
        try
        {
            return operation();
        }
        catch (MlsRefusal refusal)
        {
            return refusal.Error;
        }
    }
}
