"""What the visits declare: people are in every source, and no model may know who."""

from ml.case import PERIOD, Costs, UseCase
from ml.integration.declared import Reference
from ml.quality.contract import Column, Source
from ml.quality.declared import Within
from ml.training.schema import Feature

PATIENT = Column(
    name="patient",
    kind="text",
    pattern="P-[0-9]{6}-[A-Z]{2}",
    personal="identifier",
    purpose="joins a patient's visits",
)

PATIENTS = Source(
    name="patients",
    columns=(
        PATIENT,
        Column(name="name", kind="text", personal="identifier"),
        Column(name="mail", kind="text", personal="identifier", pattern="[^@ ]+@[^@ ]+"),
        Column(name="born", kind="integer", minimum=1900, maximum=2100, personal="quasi", purpose="the age"),
        Column(name="remark", kind="text", nullable=True, personal="quasi"),
    ),
    key=("patient",),
    on_fault="quarantine",
    quarantined_at_most=0.2,
)

VISITS = Source(
    name="visits",
    columns=(
        Column(name="visit", kind="integer", minimum=1),
        Column(
            name="who",
            kind="text",
            pattern=PATIENT.pattern,
            personal="identifier",
            purpose=PATIENT.purpose,
            names="patient",
        ),
        Column(name="month", kind="integer", minimum=1, maximum=12),
        Column(name="ward", kind="text", pattern="[a-z]+"),
        Column(name="waited", kind="number", minimum=0, maximum=1000),
        Column(name="back", kind="integer", minimum=0, maximum=1),
    ),
    key=("visit",),
    on_fault="quarantine",
    quarantined_at_most=0.2,
)


def compute(engine, tables):  # type: ignore[no-untyped-def]
    visits, patients = tables["visits"], tables["patients"]
    found = visits.join(patients, visits.who == patients.patient)
    return found.select(
        "visit",
        "who",
        "ward",
        waited=found.waited.cast("float32"),
        age=(2026 - found.born).cast("float32"),
        back=found.back.cast("int8"),
        **{PERIOD: found.month},
    )


CASE = UseCase(
    name="visits",
    question="Does a patient come back within a month?",
    event="coming back within a month",
    about="Asked when a patient leaves.",
    sources=(PATIENTS, VISITS),
    features=(
        Feature(name="ward", kind="category"),
        Feature(name="waited", kind="number"),
        Feature(name="age", kind="number"),
    ),
    label="back",
    identity=("visit",),
    costs=Costs(missed=5.0, false_alarm=1.0),
    compute=compute,
    segments={"ward": "ward"},
    references=(Reference(source="visits", column="who", to="patients", key="patient"),),
    quality=(
        Within(
            name="born_lately",
            source="patients",
            why="nobody of 120 comes alone",
            column="born",
            minimum=1906,
        ),
        Within(name="waits_end", source="visits", why="a ward closes at night", column="waited", maximum=600),
    ),
)
