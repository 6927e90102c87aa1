-- Each side's word by itself, so that neither can undo the other's by saying its own after it.
-- Only the last word was kept before. A grant counts as asked for; of a revocation and of a cancelled request the rest is unknown, so they close the contact until both agree again.
ALTER TABLE hub_consents ADD COLUMN asking INTEGER NOT NULL DEFAULT 0;   -- 0 nothing, 1 asked, 2 withdrawn
ALTER TABLE hub_consents ADD COLUMN answer INTEGER NOT NULL DEFAULT 0;   -- 0 nothing, 1 granted, 2 revoked
UPDATE hub_consents SET
    asking = CASE operation WHEN 0 THEN 2 WHEN 1 THEN 1 WHEN 2 THEN 1 ELSE 0 END,
    answer = CASE operation WHEN 2 THEN 1 WHEN 3 THEN 2 ELSE 0 END;
ALTER TABLE hub_consents DROP COLUMN operation;
