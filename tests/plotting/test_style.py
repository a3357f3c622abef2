import re

import pytest

from stages.plotting import style


def figure_of(values: list[float]):
    with style.styled():
        figure, (axes, _) = style.panels(2, 2, width=2.0, height=2.0)
        axes.plot(values, color=style.SERIES[0])
        axes.fill_between(range(len(values)), values, color=style.SERIES[1], clip_on=True)
    return figure


def test_equal_figures_give_equal_text():
    assert style.to_svg(figure_of([1, 2, 4]), "a") == style.to_svg(figure_of([1, 2, 4]), "a")
    assert style.to_svg(figure_of([1, 2, 4]), "a") != style.to_svg(figure_of([1, 2, 5]), "a")


def test_ids_belong_to_one_picture_and_are_found():
    svg = style.to_svg(figure_of([1, 2, 4]), "mine")
    ids = set(re.findall(r'\bid="([^"]*)"', svg))
    used = set(re.findall(r'url\(#([^)]*)\)|xlink:href="#([^"]*)"', svg))
    assert ids and all(name.startswith("mine-") for name in ids)
    assert {a or b for a, b in used} <= ids


def test_colours_are_variables_with_the_colour_itself_behind():
    svg = style.to_svg(figure_of([1, 2]), "a")
    assert "var(--series-0, #0072b2)" in svg and "stroke: #0072b2" not in svg


def test_no_date_and_no_program_are_written():
    svg = style.to_svg(figure_of([1, 2]), "a")
    assert svg.startswith("<svg") and "<metadata" not in svg and "dc:date" not in svg


@pytest.mark.parametrize(("number", "columns"), [(1, 3), (4, 3), (3, 3)])
def test_one_panel_each(number, columns):
    figure, grid = style.panels(number, columns, width=1.0, height=1.0)
    assert len(grid) == number == sum(axes.get_visible() for axes in figure.axes)


def test_numbers_have_true_minus_signs():
    assert style.number(-1234.56, 1) == "−1,234.6"


def test_labels_keep_all_their_digits():
    figure = figure_of([0.0012, 0.0048])
    figure.axes[0].set_title("0.12345 #0072b2")
    svg = style.to_svg(figure, "a")
    assert ">0.12345 #0072b2<" in svg and ">0.002<" in svg
