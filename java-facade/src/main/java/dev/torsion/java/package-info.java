// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

/**
 * Torsion for Java: servers, clients and timers whose results are {@link
 * java.util.concurrent.CompletableFuture}s.
 *
 * <p>{@link dev.torsion.java.Torsion} is the way in; a {@link dev.torsion.java.Connection} carries
 * messages, and {@link dev.torsion.java.Codecs} say how they are written.
 */
@NullMarked
package dev.torsion.java;

import org.jspecify.annotations.NullMarked;
