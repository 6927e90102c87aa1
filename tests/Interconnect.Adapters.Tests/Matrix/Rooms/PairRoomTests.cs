using System.Text.Json;
using Interconnect.Adapters.Matrix.Rooms;

namespace Interconnect.Adapters.Tests.Matrix.Rooms;

/// <summary>Whose room it is, by its own state alone.</summary>
public sealed class PairRoomTests
{
    private const string Bob = "@bob:hs.test";
    private const string Ghost = "@gw_alice=40a.test:hs.test";
    private const string Mallory = "@mallory:hs.test";

    /// <summary>Events that take the place of those of a sound room, and the rule that is broken then.</summary>
    public static TheoryData<string, string> Broken => new()
    {
        { Event("m.room.create", "", "{}", Mallory), "MTX-020" },
        { Event("m.room.create", "", "{\"creator\":\"@mallory:hs.test\"}", Bob), "MTX-020" },
        { Event("m.room.create", "", "{\"creator\":7}", Bob), "MTX-020" },
        { Event("m.room.create", "", "{\"room_version\":\"12\",\"additional_creators\":[\"@mallory:hs.test\"]}", Bob), "MTX-020" },
        { Event("m.room.create", "", "7", Bob), "MTX-020" },
        { Event("m.room.create", "other", "{}", Bob), "" },
        { Event("m.room.member", Mallory, "{\"membership\":\"join\"}"), "MTX-021" },
        { Event("m.room.member", Mallory, "{\"membership\":\"leave\"}"), "MTX-021" },
        { Event("m.room.member", Mallory, "{\"membership\":\"invite\"}"), "MTX-021" },
        { Event("m.room.member", "@gw_carol=40a.test:hs.test", "{\"membership\":\"leave\"}"), "MTX-021" },
        { Event("m.room.third_party_invite", "token", "{\"display_name\":\"m\"}"), "MTX-021" },
        { Event("m.room.third_party_invite", "token", "{}"), "" },
        { Event("m.room.join_rules", "", "{\"join_rule\":\"public\"}"), "MTX-022" },
        { Event("m.room.join_rules", "", "{\"join_rule\":\"knock\"}"), "MTX-022" },
        { Event("m.room.join_rules", "", "{\"join_rule\":\"restricted\",\"allow\":[]}"), "MTX-022" },
        { Event("m.room.join_rules", "", "{}"), "MTX-022" },
        { Event("m.room.history_visibility", "", "{\"history_visibility\":\"world_readable\"}"), "MTX-022" },
        { Event("m.room.history_visibility", "", "{\"history_visibility\":\"joined\"}"), "" },
        { Event("m.room.guest_access", "", "{\"guest_access\":\"can_join\"}"), "" },
        { Event("m.room.member", Ghost, "{\"membership\":\"leave\"}"), "MTX-023" },
        { Event("m.room.power_levels", "", "{\"events_default\":50}"), "MTX-023" },
        { Event("m.room.power_levels", "", "{\"events\":{\"m.room.message\":1}}"), "MTX-023" },
        { Event("m.room.power_levels", "", "{\"users_default\":-1}"), "MTX-023" },
        { Event("m.room.power_levels", "", "{\"events\":{\"m.room.message\":1},\"users\":{\"@gw_alice=40a.test:hs.test\":1}}"), "" },
        { Event("m.room.power_levels", "", "{\"events_default\":\"50\",\"users_default\":\"50\"}"), "" },
        { Event("m.room.power_levels", "", "{\"events_default\":[]}"), "MTX-023" },
        { Event("m.room.tombstone", "", "{\"replacement_room\":\"!x:hs.test\"}"), "MTX-024" },
        { Event("m.room.create", "", "{\"type\":\"m.space\"}"), "MTX-024" },
        { "{\"type\":\"m.room.member\",\"state_key\":\"\\ud800\",\"sender\":\"@bob:hs.test\",\"content\":{}}", "MTX-024" },
        { Event("m.room.member", Bob, "{\"membership\":\"leave\"}"), "MTX-025" },
        { Event("m.room.member", Bob, "{\"membership\":\"ban\"}"), "MTX-025" },
        { Event("m.room.member", Bob, "{}"), "MTX-025" },
    };

    [Theory]
    [MemberData(nameof(Broken))]
    public void Judge_RoomThatBreaksARule_IsRefusedUnderIt(string changed, string rule)
    {
        Assert.Equal(rule.Length == 0 ? null : rule, Judge(State(changed)).RuleId);

        Assert.Null(Judge(State()).RuleId);
        Assert.True(Judge(State()).Joined);
    }

    [Theory]
    [InlineData("{}", Bob)]
    [InlineData("{\"creator\":\"@bob:hs.test\",\"room_version\":\"9\"}", Bob)]
    [InlineData("{\"room_version\":\"12\",\"additional_creators\":[\"@gw_alice=40a.test:hs.test\"]}", Bob)]
    [InlineData("{\"room_version\":\"12\"}", Ghost)]
    public void Judge_MadeByOneOfTheTwo_IsThePairs(string create, string creator)
    {
        Assert.Equal("MTX-020", Judge(State(Event("m.room.create", "", create, Mallory))).RuleId);
        Assert.Null(Judge(State(Event("m.room.create", "", create, creator))).RuleId);
    }

    [Theory]
    [InlineData("{\"room_version\":\"11\"}", false)]
    [InlineData("{\"room_version\":\"12\"}", true)]
    [InlineData("{\"room_version\":\"org.example.later\"}", true)]
    public void Judge_CreatorWithoutALevelOfItsOwn_MaySpeakSinceVersion12(string create, bool may)
    {
        var state = State(Event("m.room.create", "", create, Ghost), Event("m.room.power_levels", "", "{\"events_default\":50}"));

        Assert.Equal(may ? null : "MTX-023", Judge(state).RuleId);
    }

    [Theory]
    [InlineData("[]", "MTX-020")]
    [InlineData("{}", "MTX-020")]
    [InlineData("[1,null,[]]", "MTX-020")]
    public void Judge_NoState_IsNobodysRoom(string state, string rule)
    {
        Assert.Equal(new RoomVerdict(rule, false), Judge(state));
    }

    [Fact]
    public void Judge_InvitedUser_IsThePairsAndNotJoined()
    {
        Assert.Equal(new RoomVerdict(null, false), Judge(State(Event("m.room.member", Bob, "{\"membership\":\"invite\"}", Ghost))));
        Assert.Equal(new RoomVerdict(null, true), Judge(State()));
    }

    private static RoomVerdict Judge(string state) => PairRoom.Judge(JsonDocument.Parse(state).RootElement, Bob, Ghost);

    /// <summary>A room that the user made and invited the ghost to, with some events replaced or added.</summary>
    private static string State(params string[] changed)
    {
        string[] sound =
        [
            Event("m.room.create", "", "{\"room_version\":\"11\"}"), Event("m.room.member", Bob, "{\"membership\":\"join\"}"), Event("m.room.member", Ghost, "{\"membership\":\"join\"}", Ghost),
            Event("m.room.join_rules", "", "{\"join_rule\":\"invite\"}"), Event("m.room.history_visibility", "", "{\"history_visibility\":\"shared\"}"),
            Event("m.room.guest_access", "", "{\"guest_access\":\"can_join\"}"), Event("m.room.power_levels", "", "{\"users\":{\"@bob:hs.test\":100},\"events\":{\"m.room.name\":50},\"events_default\":0}"),
        ];
        var kept = sound.Where(s => !changed.Any(c => Slot(c) == Slot(s)));
        return $"[{string.Join(',', kept.Concat(changed))}]";
    }

    private static string Slot(string entry) => entry[..entry.IndexOf(",\"sender\"", StringComparison.Ordinal)];

    private static string Event(string type, string key, string content, string sender = Bob) => $"{{\"type\":\"{type}\",\"state_key\":\"{key}\",\"sender\":\"{sender}\",\"content\":{content}}}";
}
