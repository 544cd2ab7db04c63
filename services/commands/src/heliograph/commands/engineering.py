"""Between engineering and raw values: the inverse of the coefficients, with a scale factor that may have to be read."""

from dataclasses import replace

from heliograph.commands.errors import CommandFailed
from heliograph.commands.gateway import Gateway
from heliograph.commands.targets import Target
from heliograph.contract.records import Value
from heliograph.formats import engineering_values, raw_value, scale_factor_of


async def engineering_value(gateway: Gateway, target: Target, raw: Value) -> Value:
    """Return the engineering value of a raw one; None where it, or its scale factor, is missing."""
    if raw is None:
        return None
    raws: dict[str, Value] = {target.variable.index: raw}
    scale = _scale_factor(target)
    if scale is not None:
        try:
            raws[scale.variable.index] = await gateway.recent(scale)
        except CommandFailed:
            return None
    return engineering_values(target.entry.definition, raws).get(target.variable.index)


async def wire_value(
    gateway: Gateway, target: Target, value: float | str, *, is_raw: bool, is_nearest: bool = False
) -> float | str:
    """Return the raw value to write, or raise `CommandFailed` when it does not fit the type.

    `is_nearest`: a value between two of the variable's steps becomes the nearer one.
    """
    definition, variable = target.entry.definition, target.variable
    scale = None if is_raw else _scale_factor(target)
    factor = None if scale is None else await _factor(gateway, target, scale)
    if is_raw:
        variable = replace(variable, coef_a=1.0, coef_b=0.0, scale_factor="")
    try:
        return raw_value(definition, variable, value, factor, is_nearest=is_nearest)
    except (ValueError, ArithmeticError) as error:
        raise CommandFailed(f"{target}: {error}") from error


def _scale_factor(target: Target) -> Target | None:
    variable = scale_factor_of(target.entry.definition, target.variable)
    return None if variable is None else Target(target.entry, variable)


async def _factor(gateway: Gateway, target: Target, scale: Target) -> Value:
    try:
        return await gateway.recent(scale)
    except CommandFailed as error:
        raise CommandFailed(f"{target} was not written: its scale factor {scale} is not known ({error})") from error
