"""What other libraries have for training and search: what to use here."""

from __future__ import annotations

from types import MappingProxyType

from autograd_core.foreign.arrays import LOADER, SCHEDULERS

OPTIM = MappingProxyType(
    {
        "ASGD": "optim.SGD with optim.EMA",
        "Adafactor": "optim.Adam",
        "LBFGS": "scipy.optimize.minimize(f, x, jac=ag.grad(f), method='L-BFGS-B')",
        "Muon": "optim.AdamW",
        "Rprop": "optim.RMSprop",
        "SparseAdam": "optim.Adam",
        "lr_scheduler": SCHEDULERS,
        "swa_utils": "optim.EMA",
    }
)
GROUPS = 'opt.param_groups[0]["lr"], for each group of parameters'
OPTIMIZER = MappingProxyType(
    {
        "apply_gradients": "loss.backward(), then opt.step()",
        "learning_rate": GROUPS,
        "lr": GROUPS,
        "minimize": "opt.zero_grad(), loss.backward(), opt.step()",
    }
)
SCALES = "train.Uniform(low, high), or train.Log(low, high) for what acts by factors"
SEARCHES = "train.search(score, space, trials=...)"
TRAIN = MappingProxyType(
    {
        "Categorical": "train.Choice(*options)",
        "DataLoader": LOADER,
        "Dataset": LOADER,
        "Float": SCALES,
        "GridSearchCV": SEARCHES,
        "Int": "train.Whole(low, high)",
        "Integer": "train.Whole(low, high)",
        "LearningRateScheduler": "callbacks=[optim.StepLR(opt, ...)]",
        "LogUniform": "train.Log(low, high)",
        "ModelCheckpoint": "train.Checkpoint(path, best=...)",
        "RandomizedSearchCV": SEARCHES,
        "Real": SCALES,
        "StandardScaler": "train.Standardizer(x)",
        "TensorDataset": LOADER,
        "Trainer": "train.fit",
        "accuracy_score": "train.accuracy(output, y)",
        "f1_score": "train.f1(output, y)",
        "load_model": "train.load_weights(model, path)",
        "loguniform": "train.Log(low, high)",
        "r2_score": "train.r2(output, y)",
        "random_split": "train.split(y, 0.2)",
        "roc_auc_score": "train.auc(output, y)",
        "save_model": "train.save_weights(model, path)",
        "train_test_split": "train.split(y, 0.2): the rows of both parts",
    }
)
SEARCH = MappingProxyType(
    {
        "best_estimator_": "found.best.params, and a fit with them",
        "best_params": "found.best.params",
        "best_params_": "found.best.params",
        "best_score": "found.best.score",
        "best_score_": "found.best.score",
        "best_trial": "found.best",
        "best_value": "found.best.score",
        "cv_results_": "found.rows",
        "to_frame": "pandas.DataFrame(found.rows)",
        "trials_dataframe": "pandas.DataFrame(found.rows)",
    }
)
