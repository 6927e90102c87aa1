namespace Interconnect.Endpoint;

/// <summary>Makes the transport of an account.</summary>
public static class EndpointTransports
{
    /// <summary>A transport that is not started yet.</summary>
    /// <param name="account">The account; its <see cref="TransportAccount.User"/> is not null.</param>
    /// <param name="memory">Where the transport keeps its state.</param>
    /// <param name="clock">Where time comes from.</param>
    /// <exception cref="ArgumentException">The address is not one of the account's network.</exception>
    public static ITransport Create(TransportAccount account, ITransportMemory memory, TimeProvider clock) => account.Kind switch
    {
        TransportKind.Xmpp => new XmppTransport(XmppOptions.From(account), clock),
        TransportKind.Matrix => new MatrixTransport(MatrixOptions.From(account), memory, clock),
    };
}
