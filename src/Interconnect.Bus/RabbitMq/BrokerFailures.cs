using System.Net.Sockets;
using System.Security.Authentication;
using RabbitMQ.Client.Exceptions;

namespace Interconnect.Bus.RabbitMq;

/// <summary>Why a connection to the broker did not come about, in words an operator can act on, without address or credentials.</summary>
internal static class BrokerFailures
{
    // AMQP 0-9-1, reply codes.
    internal const ushort AccessRefused = 403;
    private const ushort NotAllowed = 530;

    public static string Describe(Exception e) => e switch
    {
        BrokerUnreachableException { InnerException: { } inner } => Describe(inner),
        AggregateException { InnerExceptions: [var inner, ..] } => Describe(inner),
        AuthenticationFailureException or PossibleAuthenticationFailureException => "The broker refuses the user name or password",
        OperationInterruptedException { ShutdownReason.ReplyCode: AccessRefused } => "The broker refuses the user name or password",
        OperationInterruptedException { ShutdownReason.ReplyCode: NotAllowed } => "The broker refuses the virtual host: it does not exist, or the user may not use it",
        OperationInterruptedException interrupted => $"The broker ends the connection: code {interrupted.ShutdownReason?.ReplyCode}",
        AuthenticationException => "The broker's certificate is not trusted, or is another host's",
        ProtocolVersionMismatchException => "What answers there does not speak AMQP 0-9-1",
        SocketException socket => $"The broker cannot be reached: {socket.SocketErrorCode}",
        ConnectFailureException { InnerException: { } inner } => Describe(inner),
        _ => $"The broker cannot be reached: {e.GetType().Name}",
    };
}
