"""Small specs with blocks, loops and several values, whose generated sources are golden texts."""

from __future__ import annotations

RESIDUAL = """
net SmallResNet "two stages of two blocks"
default conv bias=no
block basic(K, S=1) {
  add {
    | conv K=K F=3 S=S P=1 -> bn -> relu
      conv K=K F=3 P=1 -> bn
    | identity or { conv K=K F=1 S=S -> bn }
  }
  relu
}
input 32x32x3
conv1:  conv K=16 F=3 P=1 -> bn -> relu
layer1: repeat 2 { basic 16 }
layer2: repeat i in 0..2 { basic 32 S=2 if i == 0 else 1 }
pool avg global
fc: fc 10
"""

INCEPTION = """
net SmallInception "three modules, a head on the side"
block inception(n1, r3, n3, pool) {
  concat {
    | conv K=n1 F=1 -> relu
    | conv K=r3 F=1 -> relu -> conv K=n3 F=3 P=1 -> relu
    | pool max F=3 S=1 P=1 -> conv K=pool F=1 -> relu
  }
}
input 28x28x3
stem: conv K=16 F=3 P=1 -> relu
inception 8 4 8 8
inception 16 8 16 8
head aux weight=0.3 { pool avg global -> dropout 0.7 -> fc 10 }
inception 16 8 32 16
pool avg global -> dropout 0.4
fc: fc 10
"""

STREAMS = """
net SmallStreams "two streams that exchange their values, after arms of three sizes"
block unit(K, S=1, act={ relu }) { conv K=K F=3 S=S P=1 bias=no -> bn -> act }
input 17x17x3
concat { | for F in 3 5 7 { | conv K=4 F=F P=same -> relu } } -> @fine
unit 16 S=2 act={ silu } -> @coarse
stage: repeat 3 carry @fine @coarse {
  @fine   -> unit 16 S=2 act={ } -> @down
  @coarse -> unit 12 act={ } -> upsample like=@fine -> add @fine -> relu -> @fine
  @down   -> add @coarse -> relu -> @coarse
}
@fine -> pool avg global -> @summary
@coarse -> pool avg global -> concat @summary -> fc 10
"""
