DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'interconnect_hub') THEN CREATE ROLE interconnect_hub; END IF; END $$;
ALTER ROLE interconnect_hub LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'interconnect_adapter_matrix_b') THEN CREATE ROLE interconnect_adapter_matrix_b; END IF; END $$;
ALTER ROLE interconnect_adapter_matrix_b LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'interconnect_adapter_xmpp_a') THEN CREATE ROLE interconnect_adapter_xmpp_a; END IF; END $$;
ALTER ROLE interconnect_adapter_xmpp_a LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;

REVOKE CREATE ON SCHEMA public FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM interconnect_hub, interconnect_adapter_matrix_b, interconnect_adapter_xmpp_a;
GRANT USAGE ON SCHEMA public TO interconnect_hub, interconnect_adapter_matrix_b, interconnect_adapter_xmpp_a;
GRANT SELECT ON interconnect_migrations TO interconnect_hub, interconnect_adapter_matrix_b, interconnect_adapter_xmpp_a;

DO $$
DECLARE t TEXT;
BEGIN
  FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename LIKE 'hub\_%' LOOP
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO interconnect_hub', t);
  END LOOP;
  FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename NOT LIKE 'hub\_%' AND tablename <> 'interconnect_migrations' LOOP
    IF NOT EXISTS (SELECT FROM information_schema.columns WHERE table_schema = 'public' AND table_name = t AND column_name = 'network') THEN
      RAISE EXCEPTION 'The table % is no hub''s and does not say whose its rows are', t;
    END IF;
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO interconnect_adapter_matrix_b', t);
    EXECUTE format('DROP POLICY IF EXISTS interconnect_adapter_matrix_b ON %I', t);
    EXECUTE format('CREATE POLICY interconnect_adapter_matrix_b ON %I TO interconnect_adapter_matrix_b USING (network = %L) WITH CHECK (network = %L)', t, 'matrix-b', 'matrix-b');
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %I TO interconnect_adapter_xmpp_a', t);
    EXECUTE format('DROP POLICY IF EXISTS interconnect_adapter_xmpp_a ON %I', t);
    EXECUTE format('CREATE POLICY interconnect_adapter_xmpp_a ON %I TO interconnect_adapter_xmpp_a USING (network = %L) WITH CHECK (network = %L)', t, 'xmpp-a', 'xmpp-a');
  END LOOP;
END $$;
