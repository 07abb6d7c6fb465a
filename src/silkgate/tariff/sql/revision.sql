-- Every change of the tariff makes a new token, so that a process may keep a day's law until the token differs.
-- A token, not a counter: counters of two databases could agree.
CREATE FUNCTION tariff_revise() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO tariff_revision (id, token) VALUES (1, gen_random_uuid())
    ON CONFLICT (id) DO UPDATE SET token = excluded.token;
    RETURN NULL;
END $$;

CREATE TRIGGER tariff_rate_revise AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON tariff_rate
    FOR EACH STATEMENT EXECUTE FUNCTION tariff_revise();

CREATE TRIGGER tariff_prohibited_revise AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON tariff_prohibited
    FOR EACH STATEMENT EXECUTE FUNCTION tariff_revise();
