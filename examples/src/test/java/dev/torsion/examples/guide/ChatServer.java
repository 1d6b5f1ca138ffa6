// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.examples.guide;

import dev.torsion.log.Logger;

/** The logger of docs/guide/logging.md. */
class ChatServer {
  private static final Logger log = new Logger(ChatServer.class); // dev.torsion.log.Logger

  void join(String name, int room) {
    log.info("{name} joined {room}", "name", name, "room", room);
  }

  void notSaved(String file, Exception exception) {
    log.failure("could not save {file}", exception, "file", file); // level error, with the stack
  }

  void refuse(String peer, Exception exception) {
    log.warn("{peer} is refused", "peer", peer);
    log.failure("{peer} could not be told", exception, "peer", peer);
  }
}
