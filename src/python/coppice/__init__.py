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

An explorer of your own for population-based training, in a program of its own:

    def explore(base, info):
        return {"learning_rate": base["learning_rate"] * info.random.choice([0.5, 2])}

    coppice.serve_explorer(explore)

Pure standard library, Python 3.9 or newer.
"""

from .trial import Pruned, Trainable, Trial
from .serving import serve
from .explorer import Exploration, Standing, serve_explorer

__all__ = ["Exploration", "Pruned", "Standing", "Trainable", "Trial", "serve", "serve_explorer"]
