using System.Diagnostics.CodeAnalysis;

namespace Interconnect.Mls;

/// <summary>A value, or the reason why there is none.</summary>
public readonly struct MlsResult<T>
    where T : class
{
    private readonly T? value;
    private readonly MlsError? error;

    private MlsResult(T? value, MlsError? error)
    {
        this.value = value;
        this.error = error;
    }

    /// <summary>True when there is a value.</summary>
    public bool IsOk => value is not null;

    /// <summary>The value. Reading it from a refused result is a defect of the caller and throws.</summary>
    public T Value => value ?? throw new InvalidOperationException(Error.ToString());

    /// <summary>The refusal. Reading it from an accepted result is a defect of the caller and throws.</summary>
    public MlsError Error => error ?? throw new InvalidOperationException("The result holds a value or was never assigned.");

    /// <summary>Takes the value or the refusal apart in one step.</summary>
    public bool TryGet([NotNullWhen(true)] out T? accepted, [NotNullWhen(false)] out MlsError? refused)
    {
        accepted = value;
        refused = value is null ? Error : null;
        return value is not null;
    }

    /// <summary>Calls the function that fits.</summary>
    public TOut Match<TOut>(Func<T, TOut> ok, Func<MlsError, TOut> refused) => value is not null ? ok(value) : refused(Error);

    /// <summary>Wraps a value.</summary>
    public static implicit operator MlsResult<T>(T value) => new(value, null);

    /// <summary>Wraps a refusal.</summary>
    public static implicit operator MlsResult<T>(MlsError error) => new(null, error);
}
