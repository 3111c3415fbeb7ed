"""The part of `openmed_data.verdict` that is written in Great Expectations' own terms.

Importing this module imports Great Expectations (seconds), so `verdict` does it when a verdict is asked for.
"""

import math
import warnings
from typing import Any, ClassVar

import pandas as pd

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # its dependencies are deprecated in places that are not ours to mend
    from great_expectations.core.metric_domain_types import MetricDomainTypes
    from great_expectations.execution_engine.pandas_execution_engine import PandasExecutionEngine
    from great_expectations.expectations.expectation import BatchExpectation
    from great_expectations.expectations.metrics import metric_provider
    from great_expectations.expectations.metrics.table_metric_provider import TableMetricProvider

_METRIC = "table.figure_value"


# Typed only in part; it marks the function that computes a metric on one engine.
_metric_value: Any = metric_provider.metric_value  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]


class FigureValue(TableMetricProvider):
    """The value of one figure in a frame of `check`, `figure`, `value`; None unless it stands there exactly once."""

    metric_name = _METRIC
    value_keys = ("check", "figure")

    @_metric_value(engine=PandasExecutionEngine)
    def _pandas(
        cls,  # noqa: N805
        execution_engine: PandasExecutionEngine,
        metric_domain_kwargs: dict[str, Any],
        metric_value_kwargs: dict[str, Any],
        metrics: dict[str, Any],  # noqa: ARG002
        runtime_configuration: dict[str, Any],  # noqa: ARG002
    ) -> float | None:
        frame: pd.DataFrame = execution_engine.get_compute_domain(
            domain_kwargs=metric_domain_kwargs, domain_type=MetricDomainTypes.TABLE
        )[0]
        named = (frame["check"] == metric_value_kwargs["check"]) & (frame["figure"] == metric_value_kwargs["figure"])
        values = frame.loc[named, "value"].tolist()
        return float(values[0]) if len(values) == 1 else None


class ExpectFigureToBeInRange(BatchExpectation):
    """Expect a figure that a check reported to be there once and to lie within its range.

    Parameters
    ----------
    check, figure
        Which one.
    minimum, maximum
        Bounds that the value may equal; None on a side without one.
    """

    check: str
    figure: str
    minimum: float | None = None
    maximum: float | None = None

    metric_dependencies: ClassVar[tuple[str, ...]] = (_METRIC,)
    success_keys: ClassVar[tuple[str, ...]] = ("check", "figure", "minimum", "maximum")

    def _validate(
        self,
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any] | None = None,  # noqa: ARG002
        execution_engine: Any = None,  # noqa: ARG002
    ) -> dict[str, Any]:
        value: float | None = metrics[_METRIC]
        # A figure that is absent or not a number satisfies no bound, nor the lack of one.
        inside = (
            value is not None
            and not math.isnan(value)
            and (self.minimum is None or value >= self.minimum)
            and (self.maximum is None or value <= self.maximum)
        )
        return {"success": inside, "result": {"observed_value": value}}
