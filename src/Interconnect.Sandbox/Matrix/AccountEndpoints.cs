using System.Text.Json.Nodes;

namespace Interconnect.Sandbox;

/// <summary>Versions, login, registration for application services, profile, account data.</summary>
internal sealed class AccountEndpoints(MatrixStore store, Func<ApplicationServiceRegistration, string?, CancellationToken, Task<MatrixAnswer>> ping)
{
    public IEnumerable<MatrixRoute> Routes()
    {
        yield return Open("GET", "/_matrix/client/versions", _ => MatrixAnswer.Ok(new JsonObject { ["versions"] = new JsonArray("v1.1", "v1.2", "v1.3", "v1.4", "v1.5", "v1.6", "v1.7", "v1.8", "v1.9", "v1.10", "v1.11"), ["unstable_features"] = new JsonObject() }));
        yield return Open("GET", "/_matrix/client/v3/login", _ => MatrixAnswer.Ok(new JsonObject { ["flows"] = new JsonArray(new JsonObject { ["type"] = "m.login.password" }, new JsonObject { ["type"] = "m.login.application_service" }) }));
        yield return Open("POST", "/_matrix/client/v3/login", Login);
        yield return Open("POST", "/_matrix/client/v3/register", Register);
        yield return Closed("POST", "/_matrix/client/v3/logout", Logout);
        yield return Closed("GET", "/_matrix/client/v3/account/whoami", WhoAmI);
        yield return Closed("GET", "/_matrix/client/v3/capabilities", _ => MatrixAnswer.Ok(new JsonObject { ["capabilities"] = new JsonObject { ["m.change_password"] = new JsonObject { ["enabled"] = false }, ["m.room_versions"] = new JsonObject { ["default"] = "11", ["available"] = new JsonObject { ["11"] = "stable" } } } }));
        yield return Closed("GET", "/_matrix/client/v3/pushrules/", _ => MatrixAnswer.Ok(new JsonObject { ["global"] = new JsonObject { ["override"] = new JsonArray(), ["content"] = new JsonArray(), ["room"] = new JsonArray(), ["sender"] = new JsonArray(), ["underride"] = new JsonArray() } }));
        yield return ReadProfile("/_matrix/client/v3/profile/{}", r => Profile(r, null));
        yield return ReadProfile("/_matrix/client/v3/profile/{}/displayname", r => Profile(r, "displayname"));
        yield return ReadProfile("/_matrix/client/v3/profile/{}/avatar_url", r => Profile(r, "avatar_url"));
        yield return Closed("PUT", "/_matrix/client/v3/profile/{}/displayname", r => SetProfile(r, "displayname"));
        yield return Closed("PUT", "/_matrix/client/v3/profile/{}/avatar_url", r => SetProfile(r, "avatar_url"));
        yield return Closed("POST", "/_matrix/client/v3/user/{}/filter", AddFilter);
        yield return Closed("GET", "/_matrix/client/v3/user/{}/filter/{}", GetFilter);
        yield return Closed("PUT", "/_matrix/client/v3/user/{}/account_data/{}", SetAccountData);
        yield return Closed("GET", "/_matrix/client/v3/user/{}/account_data/{}", GetAccountData);
        yield return new MatrixRoute("POST", "/_matrix/client/v1/appservice/{}/ping", true, PingAsync);
    }

    private static MatrixRoute Open(string method, string pattern, Func<MatrixRequest, MatrixAnswer> handle) => new(method, pattern, false, r => ValueTask.FromResult(handle(r)));

    private static MatrixRoute Closed(string method, string pattern, Func<MatrixRequest, MatrixAnswer> handle) => new(method, pattern, true, r => ValueTask.FromResult(handle(r)));

    private MatrixRoute ReadProfile(string pattern, Func<MatrixRequest, MatrixAnswer> handle) => new("GET", pattern, store.Options.LimitProfileRequests, r => ValueTask.FromResult(handle(r)));

    private MatrixAnswer Login(MatrixRequest request)
    {
        var type = request.Body["type"].Text();
        var named = (request.Body["identifier"] as JsonObject)?["user"].Text() ?? request.Body["user"].Text();
        if (type is not ("m.login.password" or "m.login.application_service"))
        {
            return MatrixAnswer.Fail(400, "M_UNKNOWN", "Unknown login type");
        }

        if (named is null || (request.Body["identifier"] is JsonObject identifier && identifier["type"].Text() != "m.id.user"))
        {
            return MatrixAnswer.Fail(400, "M_INVALID_PARAM", "An identifier of type m.id.user is needed");
        }

        var userId = named.StartsWith('@') ? named : store.FullId(named.ToLowerInvariant());
        MatrixAccount? account;
        lock (store.Gate)
        {
            account = store.Accounts.GetValueOrDefault(userId);
        }

        if (type == "m.login.application_service")
        {
            if (request.Token is null || !store.IsTokenOfService(request.Token, out var service))
            {
                return MatrixAnswer.Fail(401, "M_MISSING_TOKEN", "An application service token is needed");
            }

            if (account is null || store.OwnerOf(userId) != service)
            {
                return MatrixAnswer.Forbidden("The application service does not own that user");
            }
        }
        else if (account is null || request.Body["password"].Text() is not { } password || !account.HasPassword(password))
        {
            return MatrixAnswer.Forbidden("Invalid username or password");
        }

        return SignedIn(account, request.Body["device_id"].Text());
    }

    private MatrixAnswer SignedIn(MatrixAccount account, string? deviceId) =>
        store.SignIn(account, deviceId) is var (device, token)
            ? MatrixAnswer.Ok(new JsonObject { ["user_id"] = account.UserId, ["access_token"] = token, ["device_id"] = device, ["home_server"] = store.Options.ServerName })
            : MatrixAnswer.Full();

    private MatrixAnswer Register(MatrixRequest request)
    {
        if (request.Body["type"].Text() != "m.login.application_service")
        {
            return MatrixAnswer.Forbidden("Registration has been disabled. Only m.login.application_service registrations are allowed.");
        }

        if (request.Token is null || !store.IsTokenOfService(request.Token, out var service))
        {
            return request.Token is null ? MatrixAnswer.Fail(401, "M_MISSING_TOKEN", "Missing access token") : MatrixAnswer.Fail(401, "M_UNKNOWN_TOKEN", "Unrecognised access token");
        }

        if (request.Body["username"].Text() is not { } name || !MatrixStore.IsLocalpart(name))
        {
            return MatrixAnswer.Fail(400, "M_INVALID_USERNAME", "User ID can only contain characters a-z, 0-9, or '=_-./+'");
        }

        if (store.OwnerOf(store.FullId(name)) != service)
        {
            return MatrixAnswer.Fail(400, "M_EXCLUSIVE", "Invalid user localpart for this application service.");
        }

        lock (store.Gate)
        {
            if (store.Accounts.ContainsKey(store.FullId(name)))
            {
                return MatrixAnswer.Fail(400, "M_USER_IN_USE", "User ID already taken.");
            }
        }

        if (store.AddAccount(name, null) is not { } account)
        {
            return MatrixAnswer.Full();
        }

        return request.Body["inhibit_login"].Flag() == true
            ? MatrixAnswer.Ok(new JsonObject { ["user_id"] = account.UserId, ["home_server"] = store.Options.ServerName })
            : SignedIn(account, request.Body["device_id"].Text());
    }

    private MatrixAnswer Logout(MatrixRequest request)
    {
        if (request.Caller.DeviceId is { } device)
        {
            store.SignOut(request.Caller.Account, device);
        }

        return MatrixAnswer.Ok();
    }

    private static MatrixAnswer WhoAmI(MatrixRequest request)
    {
        var body = new JsonObject { ["user_id"] = request.Caller.UserId, ["is_guest"] = false };
        if (request.Caller.DeviceId is { } device)
        {
            body["device_id"] = device;
        }

        return MatrixAnswer.Ok(body);
    }

    private MatrixAnswer Profile(MatrixRequest request, string? field)
    {
        lock (store.Gate)
        {
            var owner = request.Parameters[0];
            if (store.Options.LimitProfileRequests && owner != request.Caller.UserId && !store.Rooms.Values.Any(r => r.MembershipOf(request.Caller.UserId) == "join" && r.MembershipOf(owner) == "join"))
            {
                return MatrixAnswer.Forbidden("Profile isn't available");
            }

            if (!store.Accounts.TryGetValue(owner, out var account))
            {
                return MatrixAnswer.NotFound("Profile was not found");
            }

            var body = new JsonObject();
            if (account.DisplayName is not null && field is null or "displayname")
            {
                body["displayname"] = account.DisplayName;
            }

            if (account.AvatarUrl is not null && field is null or "avatar_url")
            {
                body["avatar_url"] = account.AvatarUrl;
            }

            return MatrixAnswer.Ok(body);
        }
    }

    private MatrixAnswer SetProfile(MatrixRequest request, string field)
    {
        var account = request.Caller.Account;
        if (request.Parameters[0] != account.UserId)
        {
            return MatrixAnswer.Forbidden("Cannot set another user's profile");
        }

        var value = request.Body[field].Text();
        if (value is null || value.Length > 1_000)
        {
            return MatrixAnswer.Fail(400, value is null ? "M_MISSING_PARAM" : "M_INVALID_PARAM", $"Missing or too long: {field}");
        }

        lock (store.Gate)
        {
            if (field == "displayname")
            {
                account.DisplayName = value;
            }
            else
            {
                account.AvatarUrl = value;
            }

            foreach (var room in store.Rooms.Values.Where(r => r.MembershipOf(account.UserId) == "join").ToList())
            {
                var content = (JsonObject)room.State[("m.room.member", account.UserId)].Content.DeepClone();
                content[field] = value;
                store.Append(room, account.UserId, "m.room.member", account.UserId, content);
            }
        }

        return MatrixAnswer.Ok();
    }

    private MatrixAnswer AddFilter(MatrixRequest request)
    {
        if (request.Parameters[0] != request.Caller.UserId)
        {
            return MatrixAnswer.Forbidden("Cannot create filters for other users");
        }

        lock (store.Gate)
        {
            var filters = request.Caller.Account.Filters;
            if (filters.Count >= 100)
            {
                return MatrixAnswer.Full();
            }

            filters.Add(request.Body);
            return MatrixAnswer.Ok(new JsonObject { ["filter_id"] = $"{filters.Count - 1}" });
        }
    }

    private MatrixAnswer GetFilter(MatrixRequest request)
    {
        lock (store.Gate)
        {
            var filters = request.Caller.Account.Filters;
            return request.Parameters[0] == request.Caller.UserId && int.TryParse(request.Parameters[1], out var index) && index >= 0 && index < filters.Count
                ? MatrixAnswer.Ok((JsonObject)filters[index].DeepClone())
                : MatrixAnswer.NotFound("No such filter");
        }
    }

    private MatrixAnswer SetAccountData(MatrixRequest request)
    {
        if (request.Parameters[0] != request.Caller.UserId)
        {
            return MatrixAnswer.Forbidden("Cannot add account data for other users.");
        }

        lock (store.Gate)
        {
            var data = request.Caller.Account.AccountData;
            if (data.Count >= 100 && !data.ContainsKey(request.Parameters[1]))
            {
                return MatrixAnswer.Full();
            }

            data[request.Parameters[1]] = (store.Advance(), request.Body);
            return MatrixAnswer.Ok();
        }
    }

    private MatrixAnswer GetAccountData(MatrixRequest request)
    {
        lock (store.Gate)
        {
            return request.Parameters[0] == request.Caller.UserId && request.Caller.Account.AccountData.TryGetValue(request.Parameters[1], out var found)
                ? MatrixAnswer.Ok((JsonObject)found.Content.DeepClone())
                : MatrixAnswer.NotFound("Account data not found");
        }
    }

    private async ValueTask<MatrixAnswer> PingAsync(MatrixRequest request) =>
        request.Caller.Service is { } service && service.Id == request.Parameters[0]
            ? await ping(service, request.Body["transaction_id"].Text(), request.Cancellation)
            : MatrixAnswer.Forbidden("The application service id does not belong to this token");
}
