// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.spread.pb;

import java.util.Map;
import java.util.concurrent.CountDownLatch;

/** The other side has a copy of this, until it gives that back. */
class Stock implements Cacheable {
  final CountDownLatch left = new CountDownLatch(1);

  @Override
  public String typeToCopyFor(Object perspective) {
    return "shop.Stock";
  }

  @Override
  public Object stateToCacheAndObserveFor(Object perspective, RemoteCacheObserver observer) {
    return Map.of();
  }

  @Override
  public void stoppedObserving(Object perspective, RemoteCacheObserver observer) {
    left.countDown();
  }
}
