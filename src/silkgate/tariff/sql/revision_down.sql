DROP TRIGGER tariff_rate_revise ON tariff_rate;
DROP TRIGGER tariff_prohibited_revise ON tariff_prohibited;
DROP FUNCTION tariff_revise();
