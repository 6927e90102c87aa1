using System.Text;

namespace Interconnect.Testing;

/// <summary>Inputs from public reports of faults, a folder each beside the repository.</summary>
public static class CaseFiles
{
    /// <summary>A case's input as text, without the line's end behind it.</summary>
    public static string Read(string name, string file) => File.ReadAllText(SharedFiles.PathOf("cases", name, file), Encoding.UTF8).TrimEnd('\n');
}
