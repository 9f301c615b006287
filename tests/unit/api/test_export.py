"""What `export_awx` refuses before it writes anything."""

from pathlib import Path

import pytest

from stix.api.content import export_awx
from stix.errors import UsageError


@pytest.mark.parametrize("address", ["https://me:s3cret@git.example.org/x.git", "https://ghp_0123456789abcdef0123@h/x"])
def test_a_login_in_the_repositorys_address_is_written_nowhere(tmp_path: Path, address: str) -> None:
    with pytest.raises(UsageError, match="holds a password") as caught:
        export_awx([], tmp_path / "awx", git_url=address)
    assert "s3cret" not in str(caught.value.to_record()) and not (tmp_path / "awx").exists()
