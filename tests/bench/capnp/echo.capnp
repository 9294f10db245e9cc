# What the Cap'n Proto peer of the benchmark serves.
@0xb1c3a5d7e9f10203;

interface Sink {
  token @0 (payload :Data) -> stream;
}

interface Echo {
  echo @0 (payload :Data) -> (payload :Data);
  tokens @1 (sink :Sink, messages :UInt32, payload :UInt32);
}
