using System.CommandLine;

namespace Interconnect.Gateway.Commands;

internal static class DemoCommand
{
    public static Command Create() => new("demo");
}
