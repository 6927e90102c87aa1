namespace Interconnect.Mls.Components;

/// <summary>Component numbers of draft-ietf-mls-extensions-10 section 7.5.</summary>
public static class ComponentId
{
    /// <summary>The components that a leaf supports or a group requires.</summary>
    public const ushort AppComponents = 1;

    /// <summary>The components of a leaf or group that use SafeAAD; its presence in a group makes SafeAAD framing mandatory.</summary>
    public const ushort SafeAad = 2;

    /// <summary>Media types a leaf accepts or a group requires.</summary>
    public const ushort ContentMediaTypes = 3;

    /// <summary>Marks a KeyPackage that may be used more than once.</summary>
    public const ushort LastResortKeyPackage = 4;

    /// <summary>Acknowledges application messages.</summary>
    public const ushort AppAck = 5;
}
