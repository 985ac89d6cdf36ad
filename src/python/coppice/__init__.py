"""The trial program's side of coppice: define a Trainable or an objective, then serve it.

    import coppice

    class Net(coppice.Trainable):
        def setup(self, params): ...
        def step(self): return {"val_loss": loss}
        def save(self): return blob
        def load(self, blob): ...

    coppice.serve(Net)

or

    def objective(params):
        return {"val_loss": train(params)}

    coppice.serve(objective)

Pure standard library, Python 3.9 or newer.
"""

from .trial import Pruned, Trainable, Trial
from .serving import serve

__all__ = ["Pruned", "Trainable", "Trial", "serve"]
