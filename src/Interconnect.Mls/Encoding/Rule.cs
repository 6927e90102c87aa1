using System.Diagnostics.CodeAnalysis;

namespace Interconnect.Mls.Encoding;

/// <summary>One check: its id and what it demands.</summary>
internal sealed record Rule(string Id, string Text)
{
    public MlsError Error => new(Id, Text);

    [DoesNotReturn]
    public void Refuse() => throw new MlsRefusal(Error);

    public void Require([DoesNotReturnIf(false)] bool holds)
    {
        if (!holds)
        {
            Refuse();
        }
    }
}
