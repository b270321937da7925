"""An inspection as a value, for the tests of what shows it."""

from focalsweep.data.column_facts import ColumnFacts
from focalsweep.evidence.facts import ClassFacts, DatasetFacts, Diagnosis, MultiLabelFacts, Overlap
from focalsweep.report.inspection import Cost, Inspection, PlannedEvaluation
from focalsweep.training.peak_memory import PeakMemory

HOSTILE = '<b>[bold]weight</b> & "height" of a very long column name that goes on and on'


def inspection(
    *,
    counts=(900, 90, 10),
    columns=3,
    multi_label=False,
    nested=True,
    seconds=75.0,
    warnings=("`id` is different in every row: leave it out.",),
):
    """Return an inspection of made-up data."""
    names = [f"class {i}" for i in range(len(counts) - 1)] + [HOSTILE]
    rows = max(counts) if multi_label else sum(counts)
    outer = 4 if nested else 1
    return Inspection(
        sweep="quickstart",
        question="Which loss?",
        objective="macro_f1",
        data=DatasetFacts(
            name="made",
            origin="made by a test",
            rows=rows,
            columns=columns,
            classes=tuple(
                ClassFacts(name=name, count=count, share=count / rows)
                for name, count in zip(names, counts, strict=True)
            ),
            multi_label=MultiLabelFacts(
                cardinality=1.5, density=0.5, mean_imbalance_ratio=33.7, rows_without_label=12
            )
            if multi_label
            else None,
            imbalance_ratio=max(counts) / min(counts),
            smallest_training_class=6,
            profile="none",
            factor=1.0,
            label_noise=0.0,
            diagnosis=Diagnosis(
                classes=tuple(
                    Overlap(name=name, effective_number=5.0, neighbours=0.4, expected=0.8)
                    for name in names
                ),
                duplicates=17,
                conflicting=3,
                sampled_rows=rows,
                text=("Sentence one about `made`.", "Sentence two.", "Sentence three."),
            ),
            sha256="0",
            notes=("Dates turned to days: `day`.",),
        ),
        warnings=warnings,
        columns=tuple(
            ColumnFacts(
                name=HOSTILE if i == 0 else f"column {i}",
                kind="number" if i % 3 else "category",
                treatment="one column for each of 3 levels" if i % 3 == 0 else "not used: constant",
                made=3 if i % 3 == 0 else 0,
                missing=0.0 if i % 2 else min(0.05 * (i + 1), 1.0),
            )
            for i in range(columns)
        ),
        model_columns=5,
        evaluation=PlannedEvaluation(
            kind="nested" if nested else "holdout",
            folds=2 if nested else 1,
            repeats=2 if nested else 1,
            inner_folds=3,
            refit_seeds=1,
            training_rows=(800,) * outer,
            test_rows=(200,) * outer,
            smallest_rows=(8, 7, 8, 7)[:outer],
        ),
        messages=("The arm `smote` is left out.",),
        cost=Cost(
            arms=3,
            trials=12,
            epochs=20,
            batch_size=64,
            models=1234,
            chunk_size=49,
            seconds=seconds,
            one_by_one=False,
            memory=PeakMemory(
                base=2**30, table=2**24, views=2**26, index=0, chunks=2**22, records=9, logits=1
            ),
        ),
        detectable="`rare` has 10 rows: differences below 0.1 are likely to be missed.",
        command="focalsweep sweep dataset=csv 'dataset.path=my file.csv'",
    )
