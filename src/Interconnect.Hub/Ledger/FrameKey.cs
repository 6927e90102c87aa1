using System.Security.Cryptography;
using System.Text;
using Interconnect.Federation;

namespace Interconnect.Hub;

/// <summary>What a client's frame is remembered by: the first 16 bytes of SHA-256 over client URI, a zero byte and frame id.</summary>
internal static class FrameKey
{
    public static byte[] Of(FrameProof proof)
    {
        var client = proof.Client.Value;
        Span<byte> input = stackalloc byte[(MimiUri.MaxLength * 3) + 1 + FrameId.Size];
        var length = Encoding.UTF8.GetBytes(client, input);
        input[length] = 0;
        proof.FrameId.ToBytes().CopyTo(input[(length + 1)..]);
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(input[..(length + 1 + FrameId.Size)], hash);
        return hash[..16].ToArray();
    }
}
