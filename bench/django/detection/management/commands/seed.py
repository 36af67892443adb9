"""Fills the database with plausible predictions by bulk SQL: `manage.py seed --predictions 1000000`.

The same shape as `thorax manage seed-demo` makes: one X-ray for each prediction, several X-rays for each patient, six
opinions for each prediction, spread over the years before now.
"""

from django.contrib.auth.hashers import make_password
from django.core.management.base import BaseCommand
from django.db import connection, transaction

from detection.models import User

CHUNK = 50_000
YEARS = 3
XRAYS_OF_A_PATIENT = 5
DOCTORS = 5
NETWORKS = [
    "dinov2-vits14",
    "efficientnet-lite0",
    "efficientnet-lite1",
    "efficientnet-lite2",
    "mobilenetv2",
    "xception",
]
FIRST = ["Ada", "Ben", "Chloe", "David", "Elif", "Farid", "Grace", "Hana", "Ivan", "Jun"]
LAST = ["Adler", "Brandt", "Costa", "Dahl", "Engel", "Fischer", "Gupta", "Haas", "Ito", "Jensen"]
MULTIPLIERS = [2654435761, 2246822519, 3266489917, 668265263, 374761393]

PATIENTS = """
INSERT INTO detection_user (id, password, is_superuser, username, first_name, last_name, email, is_staff, is_active, date_joined, role)
SELECT {base} + i, '!', {false}, 'patient' || i, '', '', '', {false}, {true}, {now}, 'patient' FROM {numbers};
INSERT INTO detection_patient (id, user_id, record_number, full_name, date_of_birth, sex)
SELECT i, {base} + i, 'D' || i, {first} || ' ' || {last}, {birthday}, {sex} FROM {numbers}
"""
XRAYS = """
INSERT INTO detection_xrayimage (id, patient_id, image, sha256, width, height, source, uploaded_at)
SELECT i, (i - 1) % {patients} + 1, 'xrays/' || i || '.png', 'seed' || i, 2048, 2500, {source}, {created} FROM {numbers};
INSERT INTO detection_prediction (id, xray_id, final_diagnosis, consensus_confidence, agreement, inconclusive, created_at,
  is_validated, validated_at, reviewed_by_id, notes)
SELECT i, i, {diagnosis}, 0.5 + {r1} / 2000000.0, 3 + {r2} % 4, {inconclusive}, {created}, {validated},
  CASE WHEN {validated} THEN {created} END, CASE WHEN {validated} THEN {r4} % {doctors} + 1 END, '' FROM {numbers}
"""
SCORES = """
INSERT INTO detection_modelscore (prediction_id, name, diagnosis, p_covid, p_lung_opacity, p_normal, p_viral_pneumonia, milliseconds)
SELECT i, {network}, {diagnosis}, 0.1, 0.1, 0.7, 0.1, 20 + {r3} / 20000.0 FROM {numbers}
"""


def choice(expression, words):
    """One of the words, by an integer expression."""
    cases = " ".join(f"WHEN {place} THEN '{word}'" for place, word in enumerate(words[1:], 1))
    return f"CASE {expression} % {len(words)} {cases} ELSE '{words[0]}' END"


class Dialect:
    """What SQLite and PostgreSQL write differently."""

    def __init__(self, vendor, total):
        self.sqlite = vendor == "sqlite"
        self.step = YEARS * 365.25 * 86400 / total
        self.total = total

    def numbers(self, first, last):
        if self.sqlite:
            return f"(WITH RECURSIVE n(i) AS (SELECT {first} UNION ALL SELECT i + 1 FROM n WHERE i < {last}) SELECT i FROM n)"
        return f"(SELECT i::bigint FROM generate_series({first}, {last}) AS i) AS n"

    def words(self):
        now = "strftime('%Y-%m-%d %H:%M:%f', 'now')" if self.sqlite else "now()"
        seconds = f"({self.total} - i) * {self.step:.6f}"
        if self.sqlite:
            created = f"strftime('%Y-%m-%d %H:%M:%f', unixepoch('now') - {seconds}, 'unixepoch')"
        else:
            created = f"date_trunc('second', now()) - {seconds} * interval '1 second'"
        randoms = {
            f"r{place}": f"((i * {factor} + {place}) % 4294967296 / 4295)" for place, factor in enumerate(MULTIPLIERS)
        }
        share = randoms["r0"]
        diagnosis = f"""CASE WHEN {share} < 482000 THEN 'Normal' WHEN {share} < 766000 THEN 'Lung Opacity'
          WHEN {share} < 937000 THEN 'COVID' ELSE 'Viral Pneumonia' END"""
        birthday = f"(1935 + {randoms['r1']} % 80) || '-06-15'"
        return {
            "false": "0" if self.sqlite else "false",
            "true": "1" if self.sqlite else "true",
            "now": now,
            "created": created,
            "birthday": birthday if self.sqlite else f"({birthday})::date",
            "first": choice(randoms["r2"], FIRST),
            "last": choice(randoms["r3"], LAST),
            "sex": choice(randoms["r4"], ["F", "M"]),
            "source": choice(randoms["r2"], ["web", "api", "folder"]),
            "diagnosis": diagnosis,
            "inconclusive": f"({randoms['r1']} < 80000)",
            "validated": f"({randoms['r4']} < 700000)",
            **randoms,
        }


class Command(BaseCommand):
    help = __doc__.splitlines()[0]

    def add_arguments(self, parser):
        parser.add_argument("--predictions", type=int, default=10_000)

    def handle(self, *args, **options):
        total = options["predictions"]
        patients = max(1, total // XRAYS_OF_A_PATIENT)
        dialect = Dialect(connection.vendor, total)
        words = {**dialect.words(), "patients": patients, "doctors": DOCTORS, "base": 1000}
        for number in range(1, DOCTORS + 1):
            name = "doctor" if number == 1 else f"doctor{number}"
            User.objects.create(id=number, username=name, role=User.Role.DOCTOR, password=make_password("doctor"))
        self.without_foreign_keys()
        self.fill(PATIENTS, patients, dialect, words)
        self.fill(XRAYS, total, dialect, words)
        for network in NETWORKS:
            self.fill(SCORES, total, dialect, {**words, "network": f"'{network}'"})
        self.finish()

    def without_foreign_keys(self):
        with connection.cursor() as cursor:
            if connection.vendor == "sqlite":
                cursor.execute("PRAGMA foreign_keys = OFF")
            else:
                cursor.execute("SET session_replication_role = replica")

    def fill(self, text, total, dialect, words):
        for first in range(1, total + 1, CHUNK):
            numbers = dialect.numbers(first, min(total, first + CHUNK - 1))
            with transaction.atomic(), connection.cursor() as cursor:
                for statement in text.split(";"):
                    cursor.execute(statement.format(numbers=numbers, **words).replace("%", "%%"), [])

    def finish(self):
        """Identifiers were given, so PostgreSQL's sequences lag behind; then both planners learn what is there."""
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                for table in ("user", "patient", "xrayimage", "prediction"):
                    name = f"detection_{table}"
                    cursor.execute(f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), max(id)) FROM {name}")
                cursor.execute("VACUUM ANALYZE")
            else:
                cursor.execute("ANALYZE")
