using System.Text;
using Interconnect.Endpoint.Tests.Fakes;

namespace Interconnect.Endpoint.Tests.Store;

[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class EndpointStoreTests : IDisposable
{
    private static readonly byte[] Key = [.. Enumerable.Range(0, 32).Select(i => (byte)(i * 7))];
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Open_WithAnotherPassphrase_IsRefusedAndTheRightOneOpens()
    {
        using var right = StoreKey.FromPassphrase("correct horse");
        using var wrong = StoreKey.FromPassphrase("correct horsf");
        Opened(EndpointStore.Create(folder.Path, right)).Dispose();

        Assert.Equal("STO-003", Refused(EndpointStore.Open(folder.Path, wrong)));
        Opened(EndpointStore.Open(folder.Path, right)).Dispose();
    }

    [Fact]
    public void Open_WithAKeyOfTheOtherKindOrAnotherKeyFile_SaysWhich()
    {
        using var file = StoreKey.FromKeyFile(Key);
        using var otherFile = StoreKey.FromKeyFile(new byte[32]);
        using var passphrase = StoreKey.FromPassphrase("correct horse");
        Opened(EndpointStore.Create(folder.Path, file)).Dispose();

        Assert.Equal("STO-004", Refused(EndpointStore.Open(folder.Path, passphrase)));
        Assert.Equal("STO-003", Refused(EndpointStore.Open(folder.Path, otherFile)));
        Opened(EndpointStore.Open(folder.Path, file)).Dispose();
    }

    [Fact]
    public void Open_WhereThereIsNone_AndCreate_WhereThereIsOne_AreRefused()
    {
        using var key = StoreKey.FromKeyFile(Key);

        Assert.Equal("STO-001", Refused(EndpointStore.Open(folder.Path, key)));
        Opened(EndpointStore.Create(folder.Path, key)).Dispose();
        Assert.Equal("STO-002", Refused(EndpointStore.Create(folder.Path, key)));
    }

    [Fact]
    public void Open_WhileAnotherHasIt_NamesTheProcess_AndLaterItOpens()
    {
        using var key = StoreKey.FromKeyFile(Key);
        var first = Opened(EndpointStore.Create(folder.Path, key));

        var error = Assert.IsType<StoreOpening.Failed>(EndpointStore.Open(folder.Path, key)).Error;
        Assert.Equal("STO-005", error.RuleId);
        Assert.Contains(Environment.ProcessId.ToString(System.Globalization.CultureInfo.InvariantCulture), error.Reason, StringComparison.Ordinal);
        first.Dispose();
        Opened(EndpointStore.Open(folder.Path, key)).Dispose();
    }

    [Fact]
    public void Create_MakesFilesThatOnlyTheOwnerCanRead()
    {
        using var key = StoreKey.FromKeyFile(Key);
        using var store = Opened(EndpointStore.Create(folder.Path, key));
        Write(store, "x");

        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, File.GetUnixFileMode(folder.Path));
        Assert.All(Directory.GetFiles(folder.Path), file => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file)));
    }

    [Fact]
    public void Files_HoldNeitherNamesNorValuesInClear()
    {
        using var key = StoreKey.FromKeyFile(Key);
        using (var store = Opened(EndpointStore.Create(folder.Path, key)))
            Write(store, "alice@a.test", "a secret of some length");

        foreach (var file in Directory.GetFiles(folder.Path))
        {
            var bytes = File.ReadAllBytes(file);
            Assert.Equal(-1, bytes.AsSpan().IndexOf("alice"u8));
            Assert.Equal(-1, bytes.AsSpan().IndexOf("secret"u8));
        }
    }

    [Fact]
    public void Transaction_NotCommitted_LeavesNothing_AndCommitted_IsThereAfterReopening()
    {
        using var key = StoreKey.FromKeyFile(Key);
        using (var store = Opened(EndpointStore.Create(folder.Path, key)))
        {
            using (var abandoned = store.Begin())
                abandoned.Put(EntryKind.Message, "one", [1]);

            Write(store, "two", "2");
            using var change = store.Begin();
            change.Put(EntryKind.Message, "three", [3]);
            change.Put(EntryKind.Message, "three", [33]);
            change.Delete(EntryKind.Message, "two");
            change.Commit();
        }

        using var again = Opened(EndpointStore.Open(folder.Path, key));
        using var read = again.Begin();
        Assert.Null(read.Get(EntryKind.Message, "one"));
        Assert.Null(read.Get(EntryKind.Message, "two"));
        Assert.Equal([33], read.Get(EntryKind.Message, "three"));
        Assert.Single(read.All(EntryKind.Message));
    }

    [Fact]
    public void All_IsInTheOrderOfWriting()
    {
        using var key = StoreKey.FromKeyFile(Key);
        using var store = Opened(EndpointStore.Create(folder.Path, key));
        for (var i = 0; i < 50; i++)
            Write(store, $"name {i}", $"{i}");

        using var read = store.Begin();
        Assert.Equal(Enumerable.Range(0, 50).Select(i => $"{i}"), read.All(EntryKind.Message).Select(Encoding.UTF8.GetString));
    }

    [Fact]
    public void EveryFlippedByte_IsNoticedWhenItIsOpened_OrChangesNothing()
    {
        using var key = StoreKey.FromKeyFile(Key);
        using (var store = Opened(EndpointStore.Create(folder.Path, key)))
        {
            for (var i = 0; i < 5; i++)
                Write(store, $"name {i}", $"value {i}");
        }

        var path = folder.File(EndpointStore.FileName);
        var original = File.ReadAllBytes(path);
        var noticed = 0;
        using var fate = new TemporaryFolder();
        Directory.CreateDirectory(fate.Path);
        var victim = fate.File(EndpointStore.FileName);
        for (var at = 0; at < original.Length; at++)
        {
            // Whole pages of zeros hold nothing; a sample of them is enough.
            if (original[at] == 0 && at % 64 != 0)
                continue;

            var damaged = original.ToArray();
            damaged[at] ^= (byte)(1 << (at % 8));
            foreach (var file in Directory.GetFiles(fate.Path))
                File.Delete(file);

            File.WriteAllBytes(victim, damaged);
            switch (EndpointStore.Open(fate.Path, key))
            {
                case StoreOpening.Failed failed:
                    Assert.Contains(failed.Error.RuleId, (string[])["STO-003", "STO-004", "STO-006", "STO-007"]);
                    noticed++;
                    break;
                case StoreOpening.Opened opened:
                    using (opened.Store)
                    using (var read = opened.Store.Begin())
                        Assert.Equal(["value 0", "value 1", "value 2", "value 3", "value 4"], read.All(EntryKind.Message).Select(Encoding.UTF8.GetString));

                    break;
            }
        }

        Assert.True(noticed > 800, $"{noticed} of {original.Length}");
    }

    [Fact]
    public void AnEntryRemovedOrBroughtBackFromOutside_IsNoticed()
    {
        using var key = StoreKey.FromKeyFile(Key);
        using (var store = Opened(EndpointStore.Create(folder.Path, key)))
        {
            Write(store, "one", "1");
            Write(store, "two", "2");
        }

        var whole = File.ReadAllBytes(folder.File(EndpointStore.FileName));
        Sql("DELETE FROM entries WHERE position = 1");
        Assert.Equal("STO-007", Refused(EndpointStore.Open(folder.Path, key)));

        File.WriteAllBytes(folder.File(EndpointStore.FileName), whole);
        Sql("UPDATE entries SET position = 3 - position");
        Assert.Equal("STO-007", Refused(EndpointStore.Open(folder.Path, key)));

        File.WriteAllBytes(folder.File(EndpointStore.FileName), whole);
        Opened(EndpointStore.Open(folder.Path, key)).Dispose();
    }

    private static EndpointStore Opened(StoreOpening opening) => Assert.IsType<StoreOpening.Opened>(opening).Store;

    private static string Refused(StoreOpening opening) => Assert.IsType<StoreOpening.Failed>(opening).Error.RuleId;

    private static void Write(EndpointStore store, string name, string value = "value")
    {
        using var change = store.Begin();
        change.Put(EntryKind.Message, name, Encoding.UTF8.GetBytes(value));
        change.Commit();
    }

    private void Sql(string sql)
    {
        using var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={folder.File(EndpointStore.FileName)};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        Assert.True(command.ExecuteNonQuery() > 0);
    }
}
