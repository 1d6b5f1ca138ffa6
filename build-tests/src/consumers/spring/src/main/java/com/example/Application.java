// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package com.example;

import static java.util.Locale.ROOT;

import dev.torsion.java.Codecs;
import dev.torsion.java.Torsion;
import org.springframework.boot.ApplicationRunner;
import org.springframework.boot.SpringApplication;
import org.springframework.boot.autoconfigure.SpringBootApplication;
import org.springframework.context.annotation.Bean;

/** A reactor that lives as long as the application. */
@SpringBootApplication
public class Application {
  /** Starts it. */
  public static void main(String[] args) {
    SpringApplication.run(Application.class, args);
  }

  /** Spring closes it. */
  @Bean
  Torsion torsion() {
    return Torsion.start();
  }

  /** Answers each line in upper case. */
  @Bean
  ApplicationRunner shouting(Torsion torsion) {
    return args -> {
      var where = args.getNonOptionArgs().get(0);
      var server =
          torsion
              .serve(where, Codecs.line(), c -> c.onMessage(line -> c.send(line.toUpperCase(ROOT))))
              .join();
      System.out.println("listening on " + server.host());
    };
  }
}
