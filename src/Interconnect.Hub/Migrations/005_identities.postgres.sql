-- A user's pinned identity and the newest era of its device lists. Clients that are there already stay registered: what comes for them is delivered. Their users publish a list before
-- they send anything else; what that list does not name is unregistered then.
CREATE TABLE hub_identities (
    owner              TEXT   PRIMARY KEY,
    identity_key       BYTEA  NOT NULL,
    era                BIGINT NOT NULL,
    version            BIGINT NOT NULL,
    newest             BYTEA  NOT NULL,          -- the newest SignedDeviceList
    chain              BYTEA  NOT NULL,          -- the era's lists from its first, framed by lengths
    pinned_ms          BIGINT NOT NULL,
    changed_ms         BIGINT NOT NULL,
    lists_until_ms     BIGINT NOT NULL,          -- how far changes use up what a time allows: those that devices signed
    eras_until_ms      BIGINT NOT NULL,          -- and the eras that the identity key opened
    reset_key          BYTEA,                    -- the identity that waits to take this one's place; NULL when none does
    reset_asked_ms     BIGINT,
    reset_effective_ms BIGINT,
    reset_objected     BIGINT
);
CREATE INDEX hub_identities_reset ON hub_identities (reset_effective_ms) WHERE reset_effective_ms IS NOT NULL;

-- Who is told when a user's devices change.
CREATE INDEX hub_consents_target ON hub_consents (target);
