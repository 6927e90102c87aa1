namespace Interconnect.Mls.Encoding;

/// <summary>Whole structures and vectors of structures.</summary>
internal static class Codec
{
    /// <summary>No list of numbers is longer: there are only 65,536 of them, and real ones have a handful.</summary>
    private const int MaxNumbers = 4096;

    /// <param name="capacity">About how many bytes are to be expected; more are no error.</param>
    public static byte[] Encode<T>(T structure, int capacity = 512)
        where T : IMlsStructure<T>
    {
        using var writer = new MlsWriter(capacity);
        structure.Write(writer);
        return writer.ToArray();
    }

    /// <summary>Decodes a structure that must fill the input.</summary>
    public static T Decode<T>(ReadOnlyMemory<byte> input)
        where T : IMlsStructure<T>
    {
        var reader = new MlsReader(input);
        var structure = T.Read(ref reader);
        reader.End();
        return structure;
    }

    /// <summary>Reads a structure out of a copy of its bytes, so that it does not keep the rest of the input, which may hold secrets, alive.</summary>
    public static T ReadDetached<T>(ref MlsReader reader)
        where T : IMlsStructure<T>
    {
        var start = reader.Position;
        T.Read(ref reader);
        return Decode<T>(reader.Since(start).ToArray());
    }

    /// <summary>T field&lt;V&gt;</summary>
    public static IReadOnlyList<T> ReadVector<T>(ref MlsReader reader, string field)
        where T : IMlsStructure<T>
    {
        var outer = reader.BeginVector(field);
        var list = new List<T>();
        while (!reader.AtEnd)
        {
            list.Add(T.Read(ref reader));
        }

        reader.EndVector(outer);
        return list;
    }

    public static void WriteVector<T>(MlsWriter writer, IReadOnlyList<T> list)
        where T : IMlsStructure<T>
    {
        var mark = writer.BeginVector();
        foreach (var item in list)
        {
            item.Write(writer);
        }

        writer.EndVector(mark);
    }

    /// <summary>uint16 field&lt;V&gt;</summary>
    public static IReadOnlyList<ushort> ReadU16Vector(ref MlsReader reader, string field)
    {
        var outer = reader.BeginVector(field);
        var list = new List<ushort>();
        while (!reader.AtEnd)
        {
            if (list.Count == MaxNumbers)
            {
                throw reader.Refusal(Rules.Oversize, "element");
            }

            list.Add(reader.U16("element"));
        }

        reader.EndVector(outer);
        return list;
    }

    public static void WriteU16Vector(MlsWriter writer, IReadOnlyList<ushort> list)
    {
        var mark = writer.BeginVector();
        foreach (var item in list)
        {
            writer.U16(item);
        }

        writer.EndVector(mark);
    }
}
