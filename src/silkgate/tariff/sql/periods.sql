-- Periods of one code never share a day: held by the database, also between two loads at the same time.
-- Plain GiST knows ranges but no text, and an extension would have to be installed on every server; so the code
-- stands as a range of one number. The leading 1 keeps leading zeros apart (0302 is not 302).
ALTER TABLE tariff_rate ADD CONSTRAINT tariff_rate_no_overlap EXCLUDE USING gist (
    int8range(('1' || gcode)::bigint, ('1' || gcode)::bigint, '[]') WITH &&,
    daterange(valid_from, valid_to, '[]') WITH &&
);

ALTER TABLE tariff_prohibited ADD CONSTRAINT tariff_prohibited_no_overlap EXCLUDE USING gist (
    int8range(('1' || gcode_prefix)::bigint, ('1' || gcode_prefix)::bigint, '[]') WITH &&,
    daterange(valid_from, valid_to, '[]') WITH &&
);
