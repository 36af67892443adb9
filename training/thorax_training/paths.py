"""Where the training reads and writes. Every folder is a parameter; nothing else in the package names a folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

TRAINING = Path(__file__).resolve().parent.parent
REPOSITORY = TRAINING.parent


@dataclass(frozen=True)
class Paths:
    """The folders of one run of the training."""

    data: Path
    cache: Path
    bundle: Path
    metrics: Path
    card: Path

    @classmethod
    def default(cls, data: str | None = None, bundle_id: str = "two-views") -> Paths:
        """Return the usual folders; `data` may be given relative to the current folder."""
        return cls(
            data=Path(data) if data else REPOSITORY / ".." / "shared" / "data",
            cache=TRAINING / ".cache",
            bundle=REPOSITORY / "models" / bundle_id,
            metrics=TRAINING / "metrics",
            card=REPOSITORY / "docs" / "model-card.md",
        )

    @property
    def packages(self) -> Path:
        """Folder of the downloaded registry packages."""
        return self.cache / "packages"

    @property
    def graphs(self) -> Path:
        """Folder of the backbone graphs without a head."""
        return self.cache / "graphs"

    @property
    def features(self) -> Path:
        """Folder of the features, one file a network and view."""
        return self.cache / "features"

    def ensure(self) -> Paths:
        """Create the folders that are written to and return self."""
        for folder in (self.packages, self.graphs, self.features, self.bundle, self.metrics):
            folder.mkdir(parents=True, exist_ok=True)
        return self
