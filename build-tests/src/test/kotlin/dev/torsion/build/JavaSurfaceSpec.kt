// Copyright (c) the Torsion contributors
// SPDX-License-Identifier: MIT

package dev.torsion.build

import com.tngtech.archunit.core.domain.JavaClass
import com.tngtech.archunit.core.domain.JavaCodeUnit
import com.tngtech.archunit.core.domain.JavaConstructor
import com.tngtech.archunit.core.domain.JavaModifier
import io.kotest.core.spec.style.StringSpec
import io.kotest.matchers.collections.shouldBeEmpty
import io.kotest.matchers.collections.shouldNotBeEmpty
import io.kotest.matchers.shouldBe
import kotlin.io.path.readLines

/** The completion list of a Java user: the public API as the bytecode has it. */
internal class JavaSurfaceSpec :
    StringSpec({
        "no name that Kotlin has mangled: what is internal is synthetic, and what is Kotlin's only has @JvmSynthetic" {
            visible().filter { MANGLED.containsMatchIn(it.name) }.joinToString("\n") { it.fullName } shouldBe ""
        }

        "no method or constructor takes five arguments or more, since nobody can tell them apart" {
            val many = declared().filter { it.parameters.size >= 5 && it.parameters.none { type -> type in KOTLIN_ONLY } }.map { it.name }
            many.distinct().sorted().joinToString("\n") shouldBe MANY_ARGUMENTS.sorted().joinToString("\n")
        }

        "options are set by name: by a builder or by methods with their names, and no public constructor" {
            val calls = declared().groupBy { it.type }.filterKeys { it.endsWith("Options") || it.endsWith("Limits") }
            calls.keys.shouldNotBeEmpty()
            calls.filterValues { all -> all.any { it.isConstructor } }.keys.shouldBeEmpty()
            calls.filterValues { all -> all.none { "builder" in it.name || ".with" in it.name } }.keys.shouldBeEmpty()
        }

        "an exception that takes a message and a cause takes a message alone" {
            val constructors = declared().filter { it.isConstructor }.groupBy { it.type }
            constructors.filterValues { all ->
                all.any { it.parameters == listOf(STRING, THROWABLE) } && all.none { it.parameters == listOf(STRING) }
            }.keys.filter { it !in WITHOUT_MESSAGE }.shouldBeEmpty()
        }

        "what an exception knows has a getter, as its message and its cause have" {
            val found = types().filter { it.isAssignableTo(Throwable::class.java) }.flatMap { it.methods }.filter(::isVisible).filter {
                it.rawParameterTypes.isEmpty() && !it.rawReturnType.isEquivalentTo(Void.TYPE) && JavaModifier.STATIC !in it.modifiers
            }
            found.shouldNotBeEmpty()
            found.map { it.name }.filterNot { GETTER.containsMatchIn(it) || it in OF_THROWABLE }.distinct().shouldBeEmpty()
        }

        "one type has a simple name, whatever modules are used together, and hides none of the JDK's" {
            val names = types().filter { it.isTopLevelClass }
            names.groupBy { it.simpleName }.filterValues { it.size > 1 }.values.map { same -> same.map { it.name } }.shouldBeEmpty()
            val hidden = listOf("java.net", "java.io", "java.util", "java.util.concurrent", "java.util.function")
            names.filter { type -> hidden.any { exists("$it.${type.simpleName}") } }.map { it.name }.shouldBeEmpty()
        }

        "no internal type has the name of a public one: it is public in the bytecode, and ambiguous with both packages imported" {
            val names = types().filter { it.isTopLevelClass }.map { it.simpleName }.toSet()
            val others = TorsionModule.entries.filter { it.published }.flatMap { it.classes } - types().toSet()
            others.filter { it.isTopLevelClass && JavaModifier.PUBLIC in it.modifiers && JavaModifier.SYNTHETIC !in it.modifiers }
                .filter { it.simpleName in names && !it.simpleName.endsWith("Kt") }.map { it.name }.shouldBeEmpty()
        }
    }) {
    private companion object {
        val MANGLED = Regex("""\$(torsion|main)|-impl|-[A-Za-z0-9_]{7}(\$|$)""")
        val GETTER = Regex("^(get|is)[A-Z]")
        val OF_THROWABLE = setOf("toString", "fillInStackTrace")
        const val STRING = "Ljava/lang/String;"
        const val THROWABLE = "Ljava/lang/Throwable;"

        /** A parameter of these types is for Kotlin: Java users write no such call. */
        val KOTLIN_ONLY = setOf("Lkotlin/coroutines/Continuation;", "Lkotlin/jvm/internal/DefaultConstructorMarker;")

        /** Each of them has shorter overloads, or Java users do not write it. */
        val MANY_ARGUMENTS =
            setOf(
                // Twisted's methods of a reactor, with types that differ. The overloads leave arguments out, and so does the facade.
                "reactor/ReactorDatagrams.listenMulticast",
                "reactor/ReactorStreams.connectTcp",
                "reactor/ReactorStreams.listenTcp",
                "reactor/ReactorUnix.connectUnix",
                "testkit/MemoryReactor.connectTcp",
                "testkit/MemoryReactor.connectUnix",
                "testkit/MemoryReactor.listenTcp",
                "group/ReactorGroup.listenTcp",
                // Functions of a reactor for Kotlin, which the facade calls. The receiver is an argument more.
                "reactor/Reactors.connectUdp",
                "reactor/Reactors.sendFile",
                "framing/Connections.listen",
                "framing/DatagramPorts.connectDatagrams",
                // The side of engines and of the facade: their callers are parts of Torsion.
                "framing/Correlator.<init>",
                "net/ConnectionLost.<init>",
                "nio/NioEngine.<init>",
                "nio/NioEngine.listen",
                "spi/Network.listen",
                // The library makes them. The shorter overloads are for tests.
                "log/LogEvent.<init>",
                // Each argument has a type of its own, and the overloads leave out the last ones.
                "loop/ThreadPool.<init>",
                "process/ProcessCommand.<init>",
                "process/StandardIO.open",
            )

        /** Their first argument is a destination or an address and no message. */
        val WITHOUT_MESSAGE = setOf("net/ConnectionRefusedException", "tls/TlsConnectException")

        /** A call of the public API, as its dump says it: `package/Type.name`. */
        class Call(val type: String, val name: String, val parameters: List<String>) {
            val isConstructor get() = name.endsWith(".<init>")
        }

        /** The calls of the API dumps that are no synthetic ones. */
        fun declared(): List<Call> = TorsionModule.entries.filter { it.published }.flatMap { module ->
            var type = ""
            module.api.readLines().mapNotNull { line ->
                if (line.startsWith("public ")) {
                    type = line.substringAfter("class ").substringAfter("interface ").substringBefore(" ").removePrefix("dev/torsion/")
                }
                val call = CALL.find(line)?.takeIf { "synthetic" !in line } ?: return@mapNotNull null
                val (name, parameters) = call.destructured
                Call(type, "$type.$name", PARAMETER.findAll(parameters).map { it.value }.toList())
            }
        }

        val CALL = Regex("""^\t(?:public|protected) .*fun (\S+) \((.*?)\)""")
        val PARAMETER = Regex("""\[*(?:L[^;]+;|[BCDFIJSZ])""")

        fun exists(name: String) = runCatching { Class.forName(name) }.isSuccess

        /** The types of the API dumps. */
        fun types(): List<JavaClass> = TorsionModule.entries.filter { it.published }.flatMap { module ->
            val public =
                module.api.readLines().filter { it.startsWith("public ") }
                    .map { it.substringAfter("class ").substringAfter("interface ").substringBefore(" ").replace('/', '.') }
                    .toSet()
            module.classes.filter { it.name in public }
        }

        fun visible(): List<JavaCodeUnit> = types().flatMap { it.codeUnits }.filter(::isVisible)

        fun isVisible(unit: JavaCodeUnit) = JavaModifier.SYNTHETIC !in unit.modifiers && !isBridge(unit) &&
            (JavaModifier.PUBLIC in unit.modifiers || (JavaModifier.PROTECTED in unit.modifiers && unit !is JavaConstructor))

        private fun isBridge(unit: JavaCodeUnit) = JavaModifier.BRIDGE in unit.modifiers
    }
}
