-- Finds the oldest early receipts of one recipient, of which only so many are kept.
CREATE INDEX adapter_receipts_recipient ON adapter_receipts (network, recipient, at_ms, native_reference);
