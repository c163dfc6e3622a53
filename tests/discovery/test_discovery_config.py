"""Settings out of their range are refused with the setting's name."""

import pytest

from turnwise.discovery import DiscoveryConfig
from turnwise.errors import ConfigError


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("seed", -1),
        ("seed", 2**40),
        ("candidates", (float("nan"),)),
        ("candidates", (float("inf"),)),
        ("candidates", (0.0,)),
        ("candidates", (2.0,) * 30),
        ("epsilon", -1),
        ("theta", 1.5),
        ("rounds", 0),
        ("levels", 4),
        ("sampling", "corners"),
        ("method", "dbscan"),
    ],
)
def test_a_setting_out_of_its_range_is_named(field, value):
    with pytest.raises(ConfigError) as caught:
        DiscoveryConfig(**{field: value})
    assert caught.value.field == f"discovery.{field}"
