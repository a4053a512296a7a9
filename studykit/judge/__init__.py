"""The judge: runs what a learner wrote where it can do no harm, and says what is wrong with it.

| module | runs in | holds |
|---|---|---|
| `client` | the parent | the pipe to the server, which is started again once if it dies |
| `skeleton`, `source` | the parent | the blank cut from an implementation; the source of a notebook's definition |
| `server` | the server | torch, the drills; one child process per check, its limits in time |
| `worker`, `guard` | the child | the solution and the probes; only outputs leave it |
| `verdict`, `values` | the server | comparison with the reference and the known mistakes; never the solution's code |

It guards against accidents and against fooling oneself; it is no sandbox for hostile code.
"""
