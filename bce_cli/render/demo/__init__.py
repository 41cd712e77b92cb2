"""The steps of the derivation, each as a page; `pages` has what they share."""

from bce_cli.render.demo.logarithms import logarithm_page, monotone_page, underflow_page
from bce_cli.render.demo.minima import gradient_page, negative_log_page, scaling_page
from bce_cli.render.demo.pages import StepPage, page_sections, plot_pages, write_steps
from bce_cli.render.demo.trials import (
    bernoulli_page,
    derivation_page,
    likelihood_page,
    many_trials_page,
    single_trial_page,
)

__all__ = [
    "StepPage",
    "bernoulli_page",
    "derivation_page",
    "gradient_page",
    "likelihood_page",
    "logarithm_page",
    "many_trials_page",
    "monotone_page",
    "negative_log_page",
    "page_sections",
    "plot_pages",
    "scaling_page",
    "single_trial_page",
    "underflow_page",
    "write_steps",
]
