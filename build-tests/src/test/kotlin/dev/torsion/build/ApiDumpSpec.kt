// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.build

import io.kotest.assertions.withClue
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.shouldBe
import org.jetbrains.kotlin.abi.tools.AbiFilters
import org.jetbrains.kotlin.abi.tools.AbiToolsFactory
import java.nio.file.Path
import java.util.ServiceLoader
import kotlin.io.path.createParentDirectories
import kotlin.io.path.exists
import kotlin.io.path.readText
import kotlin.io.path.writeText

/** Every published module's public API is a committed file, so that a change of it is seen in review. */
internal class ApiDumpSpec :
    StringSpec({
        val tools = ServiceLoader.load(AbiToolsFactory::class.java).single().get()
        val update = System.getProperty("api.update") != null

        fun dump(module: TorsionModule): String =
            buildString { tools.printJvmDump(this, module.classFiles.map(Path::toFile), AbiFilters.EMPTY) }

        TorsionModule.entries.filter { it.published }.forEach { module ->
            "the public API of $module is the committed one" {
                val dump = dump(module)
                if (update) module.api.createParentDirectories().writeText(dump)
                withClue("The public API of $module changed. If that is meant, write the file anew with `./dev api` and commit it.") {
                    (if (module.api.exists()) module.api.readText() else "") shouldBe dump
                }
            }
        }
    })
