using Interconnect.Mls.Encoding;

namespace Interconnect.Mls.Tree;

/// <summary>
/// Credential of RFC 9420 section 5.3: a type, then <c>opaque identity&lt;V&gt;</c> (basic) or <c>Certificate certificates&lt;V&gt;</c> (X.509). Types that are
/// not known are read as one opaque vector, which is what every registered type so far is.
/// </summary>
internal static class CredentialCodec
{
    public static MemberCredential Read(ref MlsReader reader)
    {
        reader.Enter("credential");
        var type = reader.U16("credential_type");
        var start = reader.Position;
        if (type == MemberCredential.X509)
        {
            var outer = reader.BeginVector("certificates");
            while (!reader.AtEnd)
            {
                reader.Opaque("cert_data");
            }

            reader.EndVector(outer);
            var certificates = new MlsReader(reader.Since(start));
            reader.Leave();
            return new MemberCredential(type, certificates.Opaque("certificates"));
        }

        var identity = reader.Opaque("identity");
        reader.Leave();
        return new MemberCredential(type, identity);
    }

    public static void Write(MlsWriter writer, MemberCredential credential)
    {
        writer.U16(credential.Type);
        writer.Opaque(credential.Identity);
    }
}
