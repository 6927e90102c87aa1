using System.Globalization;
using System.Text;

namespace Interconnect.Testing;

/// <summary>Looks for byte patterns in files and in the memory of a running process (Linux, same user or root).</summary>
public static class ByteSearch
{
    private const int ChunkBytes = 1 << 20;

    /// <summary>The forms a text can stand in: UTF-8, UTF-16 and base64 at its three alignments.</summary>
    public static IReadOnlyList<byte[]> FormsOf(string text)
    {
        var utf8 = Encoding.UTF8.GetBytes(text);
        var forms = new List<byte[]> { utf8, Encoding.Unicode.GetBytes(text), Encoding.ASCII.GetBytes(Convert.ToHexStringLower(utf8)) };
        for (var shift = 0; shift < 3; shift++)
        {
            // The characters that depend on the neighbours of the text are cut off at both ends.
            var base64 = Convert.ToBase64String([.. new byte[shift], .. utf8]);
            var start = shift == 0 ? 0 : shift + 1;
            var inner = base64.TrimEnd('=')[start..^1];
            forms.Add(Encoding.ASCII.GetBytes(inner));
            forms.Add(Encoding.Unicode.GetBytes(inner));
        }

        return forms;
    }

    /// <summary>The files below a folder that hold any of the patterns; files that vanish meanwhile are skipped.</summary>
    public static IReadOnlyList<string> FilesWith(string folder, IReadOnlyList<byte[]> patterns)
    {
        var found = new List<string>();
        foreach (var path in Directory.EnumerateFiles(folder, "*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint }))
        {
            try
            {
                using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
                if (Contains((buffer, _) => file.Read(buffer), patterns))
                {
                    found.Add(path);
                }
            }
            catch (IOException)
            {
                // Removed or replaced while we were looking.
            }
        }

        return found;
    }

    /// <summary>Whether the writable or anonymous memory of a process holds any of the patterns, and how many bytes were looked at.</summary>
    public static (bool Found, long Searched) InMemoryOf(int processId, IReadOnlyList<byte[]> patterns)
    {
        var searched = 0L;
        using var memory = new FileStream($"/proc/{processId}/mem", FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 1);
        foreach (var line in File.ReadAllLines($"/proc/{processId}/maps"))
        {
            var fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (fields[1][0] != 'r' || line.EndsWith("[vvar]", StringComparison.Ordinal) || line.EndsWith("[vsyscall]", StringComparison.Ordinal))
            {
                continue;
            }

            var range = fields[0].Split('-');
            var start = long.Parse(range[0], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
            var end = long.Parse(range[1], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
            try
            {
                var found = Contains(
                    (buffer, offset) =>
                    {
                        var left = end - start - offset;
                        if (left <= 0)
                        {
                            return 0;
                        }

                        var read = RandomAccess.Read(memory.SafeFileHandle, buffer[..(int)Math.Min(buffer.Length, left)], start + offset);
                        searched += read;
                        return read;
                    },
                    patterns);
                if (found)
                {
                    return (true, searched);
                }
            }
            catch (IOException)
            {
                // A mapping that cannot be read (reserved and never touched) holds nothing.
            }
        }

        return (false, searched);
    }

    private delegate int Reader(Span<byte> buffer, long offset);

    private static bool Contains(Reader read, IReadOnlyList<byte[]> patterns)
    {
        var overlap = patterns.Max(p => p.Length) - 1;
        var buffer = new byte[ChunkBytes + overlap];
        var kept = 0;
        var offset = 0L;
        while (true)
        {
            var count = read(buffer.AsSpan(kept, ChunkBytes), offset);
            if (count <= 0)
            {
                return false;
            }

            offset += count;
            var window = buffer.AsSpan(0, kept + count);
            foreach (var pattern in patterns)
            {
                if (window.IndexOf(pattern) >= 0)
                {
                    return true;
                }
            }

            var keep = Math.Min(overlap, window.Length);
            window[^keep..].CopyTo(buffer);
            kept = keep;
        }
    }
}
