from importlib import import_module

import django.contrib.postgres.fields
import django.core.validators
from django.db import migrations, models

watch = import_module("catalog.migrations.0004_version").watch

# One document for each container and language. It has every word as it is written, folded to plain small letters (so
# that any beginning of a word finds it, with or without accents), and its stem in the language it is written in.
# A: name; B: brand and kind; C: SKU, size and colour of its variants; D: description.
MAKE = """
CREATE TABLE catalog_searchdocument (
    container_id bigint NOT NULL, language text NOT NULL, document tsvector NOT NULL,
    PRIMARY KEY (container_id, language)
);
CREATE INDEX search_document ON catalog_searchdocument USING gin (document) WITH (fastupdate = off);

CREATE FUNCTION catalog_folded(told text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN regexp_replace(lower(replace(replace(replace(translate(
    normalize(told, NFKC),
    'ÀÁÂÃÄÅÇÈÉÊËÌÍÎÏÑÒÓÔÕÖÙÚÛÜÝŸàáâãäåçèéêëìíîïñòóôõöùúûüýÿŒÆẞ',
    'AAAAAACEEEEIIIINOOOOOUUUUYYaaaaaaceeeeiiiinooooouuuuyyœæß'
), 'ß', 'ss'), 'œ', 'oe'), 'æ', 'ae')), '[^[:alnum:]]+', ' ', 'g');

CREATE FUNCTION catalog_document(config regconfig, told text) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN to_tsvector('simple', catalog_folded(left(told, 50000))) || to_tsvector(config, left(told, 50000));

CREATE FUNCTION catalog_search_config(language text) RETURNS regconfig LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE language WHEN 'de' THEN 'german' WHEN 'fr' THEN 'french' WHEN 'es' THEN 'spanish' ELSE 'english' END::regconfig;

CREATE FUNCTION catalog_search_kind(kind text, language text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce((
    SELECT label FROM (VALUES
        ('en', 'soft', 'Soft bag'), ('en', 'hard', 'Hard carrier'), ('en', 'backpack', 'Backpack'),
        ('en', 'wheeled', 'Wheeled'), ('en', 'car_crate', 'Car crate'), ('en', 'airline_crate', 'Airline crate'),
        ('en', 'accessory', 'Accessory'), ('de', 'accessory', 'Zubehör'), ('fr', 'accessory', 'Accessoire'),
        ('es', 'accessory', 'Accesorio'),
        ('de', 'soft', 'Weiche Tragetasche'), ('de', 'hard', 'Feste Transportbox'), ('de', 'backpack', 'Rucksack'),
        ('de', 'wheeled', 'Trolley mit Rollen'), ('de', 'car_crate', 'Autobox'), ('de', 'airline_crate', 'Flugbox'),
        ('fr', 'soft', 'Sac souple'), ('fr', 'hard', 'Caisse rigide'), ('fr', 'backpack', 'Sac à dos'),
        ('fr', 'wheeled', 'Sac à roulettes'), ('fr', 'car_crate', 'Caisse pour la voiture'),
        ('fr', 'airline_crate', 'Caisse pour l’avion'),
        ('es', 'soft', 'Bolso blando'), ('es', 'hard', 'Transportín rígido'), ('es', 'backpack', 'Mochila'),
        ('es', 'wheeled', 'Trolley con ruedas'), ('es', 'car_crate', 'Jaula para el coche'),
        ('es', 'airline_crate', 'Jaula para el avión')
    ) known(in_language, of_kind, label) WHERE in_language = language AND of_kind = kind
), kind);

CREATE FUNCTION catalog_search_refresh(containers bigint[]) RETURNS void LANGUAGE sql
SET client_min_messages = warning AS $$
    INSERT INTO catalog_searchdocument (container_id, language, document)
    SELECT c.id, l.language,
           setweight(catalog_document(CASE WHEN t.name IS NULL THEN 'english' ELSE l.config END, coalesce(t.name, c.name)), 'A')
           || setweight(catalog_document(l.config, c.brand || ' ' || catalog_search_kind(c.kind, l.language)), 'B')
           || setweight(catalog_document('simple', coalesce(v.told, '')), 'C')
           || setweight(catalog_document(
                CASE WHEN t.description IS NULL THEN 'english' ELSE l.config END, coalesce(t.description, c.description)), 'D')
    FROM catalog_container c
    CROSS JOIN LATERAL (
        SELECT code AS language, catalog_search_config(code) AS config FROM unnest(array['en', 'de', 'fr', 'es']) code
    ) l
    CROSS JOIN LATERAL (
        SELECT nullif(c.i18n ->> ('name_' || l.language), '') AS name,
               nullif(c.i18n ->> ('description_' || l.language), '') AS description
    ) t
    LEFT JOIN LATERAL (
        SELECT string_agg(v.sku || ' ' || v.size || ' ' || v.colour, ' ' ORDER BY v.id) AS told
        FROM catalog_variant v WHERE v.container_id = c.id
    ) v ON true
    WHERE c.id = ANY(containers)
    ON CONFLICT (container_id, language) DO UPDATE SET document = EXCLUDED.document
$$;

CREATE FUNCTION catalog_search_containers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM catalog_search_refresh(ARRAY(SELECT id FROM changed));
    RETURN NULL;
END $$;
CREATE FUNCTION catalog_search_variants() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM catalog_search_refresh(ARRAY(SELECT DISTINCT container_id FROM changed));
    RETURN NULL;
END $$;
CREATE FUNCTION catalog_search_forgets() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        DELETE FROM catalog_searchdocument;
    ELSE
        DELETE FROM catalog_searchdocument WHERE container_id IN (SELECT id FROM changed);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER container_inserted_search AFTER INSERT ON catalog_container
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION catalog_search_containers();
CREATE TRIGGER container_updated_search AFTER UPDATE ON catalog_container
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION catalog_search_containers();
CREATE TRIGGER container_deleted_search AFTER DELETE ON catalog_container
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION catalog_search_forgets();
CREATE TRIGGER container_truncated_search AFTER TRUNCATE ON catalog_container
    FOR EACH STATEMENT EXECUTE FUNCTION catalog_search_forgets();
CREATE TRIGGER variant_inserted_search AFTER INSERT ON catalog_variant
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION catalog_search_variants();
CREATE TRIGGER variant_updated_search AFTER UPDATE ON catalog_variant
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION catalog_search_variants();
CREATE TRIGGER variant_left_search AFTER UPDATE ON catalog_variant
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION catalog_search_variants();
CREATE TRIGGER variant_deleted_search AFTER DELETE ON catalog_variant
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION catalog_search_variants();
SELECT catalog_search_refresh(ARRAY(SELECT id FROM catalog_container));

-- What is sought: `own` by the words themselves, `wide` also by those that mean the same. All words must occur, each as
-- it is written or by its stem, the last one also as a beginning. Stop words are left out, unless there is nothing else.
-- What was typed only ever passes plainto_tsquery, which takes nothing for an operator.
CREATE FUNCTION catalog_search_query(language text, words text[], OUT own tsquery, OUT wide tsquery)
LANGUAGE plpgsql STABLE SET client_min_messages = warning AS $$
DECLARE
    config regconfig := catalog_search_config(language);
    bare boolean := (SELECT bool_and(numnode(plainto_tsquery(config, w)) = 0) FROM unnest(words) w);
    word text;
    place bigint;
    stem tsquery;
    mine tsquery;
    same tsquery;
    term text;
BEGIN
    own := ''; wide := '';
    FOR word, place IN SELECT w, n FROM unnest(words) WITH ORDINALITY AS given(w, n) LOOP
        stem := plainto_tsquery(config, word);
        mine := plainto_tsquery('simple', catalog_folded(word));
        CONTINUE WHEN numnode(mine) = 0 OR (numnode(stem) = 0 AND NOT bare);
        same := '';
        FOR term IN
            SELECT unnest(s.words) FROM catalog_synonymgroup s WHERE s.language = catalog_search_query.language
            AND EXISTS (SELECT FROM unnest(s.words) known WHERE catalog_folded(known) = catalog_folded(word)
                        OR (numnode(stem) > 0 AND plainto_tsquery(config, known) = stem))
        LOOP
            same := same || plainto_tsquery('simple', catalog_folded(term)) || plainto_tsquery(config, term);
        END LOOP;
        IF place = cardinality(words) THEN
            mine := (mine::text || ':*')::tsquery;
        END IF;
        mine := mine || stem;
        own := own && mine;
        wide := wide && (mine || same);
    END LOOP;
END $$;

-- The containers found, and how well: by what was typed first, then by what means the same. A whole number, so that a
-- page can begin after it. EXECUTE, so that it is planned for this very query; by the index always, as PostgreSQL thinks
-- that to compare a document costs next to nothing.
CREATE FUNCTION catalog_search(asked text, words text[]) RETURNS TABLE (container_id bigint, rank bigint)
LANGUAGE plpgsql STABLE ROWS 1000 SET enable_seqscan = off AS $$
DECLARE
    own tsquery;
    wide tsquery;
BEGIN
    SELECT q.own, q.wide INTO own, wide FROM catalog_search_query(asked, words) q;
    RETURN QUERY EXECUTE format(
        'SELECT d.container_id, (1e6 * (10 * ts_rank_cd(d.document, %1$L) + ts_rank_cd(d.document, %2$L)))::bigint '
        'FROM catalog_searchdocument d WHERE d.language = %3$L AND d.document @@ %2$L::tsquery', own, wide, asked
    );
END $$;
"""
DROP = """
DROP FUNCTION catalog_search(text, text[]);
DROP FUNCTION catalog_search_query(text, text[]);
DROP TRIGGER container_inserted_search ON catalog_container;
DROP TRIGGER container_updated_search ON catalog_container;
DROP TRIGGER container_deleted_search ON catalog_container;
DROP TRIGGER container_truncated_search ON catalog_container;
DROP TRIGGER variant_inserted_search ON catalog_variant;
DROP TRIGGER variant_updated_search ON catalog_variant;
DROP TRIGGER variant_left_search ON catalog_variant;
DROP TRIGGER variant_deleted_search ON catalog_variant;
DROP FUNCTION catalog_search_containers();
DROP FUNCTION catalog_search_variants();
DROP FUNCTION catalog_search_forgets();
DROP FUNCTION catalog_search_refresh(bigint[]);
DROP FUNCTION catalog_search_kind(text, text);
DROP FUNCTION catalog_search_config(text);
DROP FUNCTION catalog_document(regconfig, text);
DROP FUNCTION catalog_folded(text);
DROP TABLE catalog_searchdocument;
"""

SYNONYMS = {
    "en": (
        "carrier crate kennel box bag transporter cage",
        "backpack rucksack",
        "airline plane flight flying aeroplane airplane cabin",
        "car automobile vehicle",
        "wheeled wheels trolley rolling",
        "cat kitten feline",
    ),
    "de": (
        "transportbox tragetasche katzenbox transporttasche katzentasche katzentransportbox box tasche korb käfig",
        "rucksack katzenrucksack",
        "flugzeug flugbox flug fliegen kabine airline",
        "auto autobox pkw",
        "trolley rollen räder",
        "katze kater kätzchen",
    ),
    "fr": (
        "caisse sac cage panier transporteur",
        "avion vol cabine",
        "voiture auto",
        "roulettes trolley roues",
        "chat chaton chatte",
    ),
    "es": (
        "transportín bolso jaula caja cesta bolsa",
        "avión vuelo cabina",
        "coche auto carro",
        "ruedas trolley",
        "gato gata gatito",
    ),
}


def deliver(apps, schema_editor):
    group = apps.get_model("catalog", "SynonymGroup")
    group.objects.bulk_create(
        group(language=language, words=words.split()) for language, groups in SYNONYMS.items() for words in groups
    )


class Migration(migrations.Migration):
    dependencies = [("catalog", "0009_translations")]

    operations = [
        migrations.CreateModel(
            name="SynonymGroup",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("language", models.CharField(
                    choices=[("en", "English"), ("de", "Deutsch"), ("fr", "Français"), ("es", "Español")], max_length=8,
                )),
                ("words", django.contrib.postgres.fields.ArrayField(
                    base_field=models.CharField(max_length=40), help_text="Two or more, with commas between.", size=None,
                    validators=[django.core.validators.MaxLengthValidator(30)],
                )),
            ],
            options={
                "ordering": ["language", "words"],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("words__len__gte", 2)), name="synonym_group_has_two_words")
                ],
            },
        ),
        watch("catalog_synonymgroup"),
        migrations.RunSQL(MAKE, DROP),
        migrations.RunPython(deliver, migrations.RunPython.noop),
    ]
