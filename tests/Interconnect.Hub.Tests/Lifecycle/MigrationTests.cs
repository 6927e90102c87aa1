using Interconnect.Hub.Tests.Kit;

namespace Interconnect.Hub.Tests.Lifecycle;

public sealed class MigrationTests
{
    [Fact]
    public Task SentId_RowsOfTheVersionBefore_AreKnownAndReportedOn() => SentIdMigration.RunAsync(null);

    [Fact]
    public Task ConsentWords_RowsOfTheVersionBefore_MeanWhatTheyMeant() => ConsentWordsMigration.RunAsync(null);

    [Fact]
    public Task Identities_ClientsOfTheVersionBefore_StayAndPublishAListFirst() => IdentitiesMigration.RunAsync(null);
}
