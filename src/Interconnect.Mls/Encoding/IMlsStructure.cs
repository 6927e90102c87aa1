namespace Interconnect.Mls.Encoding;

/// <summary>A structure of the RFC with its codec.</summary>
internal interface IMlsStructure<TSelf>
    where TSelf : IMlsStructure<TSelf>
{
    static abstract TSelf Read(ref MlsReader reader);

    void Write(MlsWriter writer);
}
