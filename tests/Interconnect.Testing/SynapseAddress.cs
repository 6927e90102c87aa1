namespace Interconnect.Testing;

/// <summary>Where the homeserver of `deploy/dev` listens on loopback, and the gateway's registration with it.</summary>
/// <param name="ServerName">The part after the colon of its users, `hs.test`.</param>
/// <param name="Url">Base of the client-server interface, ending in a slash.</param>
/// <param name="ApplicationServicePort">The loopback port on which the homeserver expects the gateway's application service.</param>
/// <param name="ApplicationServiceToken">What the gateway sends (`as_token`).</param>
/// <param name="HomeserverToken">What the homeserver sends (`hs_token`).</param>
/// <param name="RegistrationSharedSecret">Secret of the admin interface that creates accounts.</param>
public sealed record SynapseAddress(
    string ServerName,
    Uri Url,
    int ApplicationServicePort,
    string ApplicationServiceToken,
    string HomeserverToken,
    string RegistrationSharedSecret);
