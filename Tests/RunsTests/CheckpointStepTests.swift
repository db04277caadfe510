import Testing

@testable import Runs

@Suite struct CheckpointStepTests {
    @Test(arguments: [
        ("step_100.h5", [100]), ("ckpt_0007.h5", [7]), ("checkpoint_0001200.weights.h5", [1200]), ("step=12.h5", [12]),
        ("global_step28000", [28000]), ("model_iter-5.h5", [5]), ("iteration3.h5", [3]), ("ep0-ba30-rank0.h5", [30]),
        ("epoch=0-step=100.h5", [100]), ("checkpoint-1000step.h5", [1000]), ("000100", [100]), ("0.h5", [0]),
        ("step1000-tokens4B.h5", [1000]), ("checkpoint-1-step=100.h5", [1, 100]), ("epoch=2-val_loss=0.02.h5", []),
        ("weights.h5", []), ("model_v2.h5", []), ("step=0.5.h5", []), ("step_1e3.h5", []), ("unit7.h5", []),
        ("step_1k.h5", []), ("iter_10K.h5", []), ("step_1M.h5", []), ("step_1_000.h5", []), ("step_1,000.h5", []),
        ("step_0x10.h5", []), ("ckpt_100_ema.h5", [100]), ("step_900kimg.h5", [900]),
        ("model.05-0.12.weights.h5", []), ("step_100.safetensors", [100]), ("checkpoint-500", [500]),
        ("step_3.safetensors.index.json", [3]), ("step_12.weights.json", [12]), ("7.safetensors", [7]),
    ])
    func `names give steps by the words before the number`(name: String, steps: [Int]) {
        #expect(CheckpointStep.stepsInName(name) == steps)
    }

    @Test(arguments: [("epoch=2-val_loss=0.02.h5", [2]), ("model_epoch_5.h5", [5]), ("ep3.h5", [3]), ("step_7.h5", [])])
    func `names give epochs`(name: String, epochs: [Int]) {
        #expect(CheckpointStep.epochsInName(name) == epochs)
    }

    @Test(arguments: [
        ("run7_0_3.h5", ["7", "0", "3"]), ("model.05-0.12.weights.h5", ["05", "0.12"]), ("a1_1.h5", ["1"]),
        ("a.h5", []),
    ])
    func `all numbers of a name can be listed`(name: String, numbers: [String]) {
        #expect(CheckpointStep.numbersInName(name) == numbers)
    }

    @Test func `an attribute outranks a dataset, which outranks the name`() throws {
        var markers = StepMarkers()
        func found() throws(RunError) -> Int? { try CheckpointStep.find(markers, name: "step_3.h5", path: "x")?.value }
        #expect(try found() == 3)
        markers.datasets["iteration"] = 2
        #expect(try found() == 2)
        markers.attributes["step"] = 1
        #expect(try found() == 1)
        markers.attributes["epoch"] = 9
        #expect(try found() == 1)
    }

    @Test func `attributes that disagree and negative steps are errors`() {
        var markers = StepMarkers()
        markers.attributes = ["step": 1, "iteration": 2]
        var error = #expect(throws: RunError.self) { try CheckpointStep.find(markers, name: "a.h5", path: "x") }
        #expect(error?.kind == .mismatch)
        #expect(
            error?.reason
                == "several candidates for the step stand in its attributes: 1, 2; say which under `steps:` in run.yaml, "
                + "or leave one there")
        markers.attributes = ["step": -1]
        error = #expect(throws: RunError.self) { try CheckpointStep.find(markers, name: "a.h5", path: "x") }
        #expect(error?.kind == .malformed && error?.reason.hasPrefix("its step is -1; expected 0 to 10¹⁴") == true)
    }

    @Test func `a step that Double cannot tell from its neighbours is refused`() throws {
        for (name, isPossible) in [("step_100000000000000.h5", true), ("step_100000000000001.h5", false)] {
            let found = try? CheckpointStep.find(StepMarkers(), name: name, path: name)
            #expect((found != nil) == isPossible)
        }
        let error = #expect(throws: RunError.self) {
            try CheckpointStep.find(StepMarkers(), name: "step_\(Int.max).h5", path: "a.h5")
        }
        #expect(error?.kind == .malformed && error?.reason.contains("expected 0 to 10¹⁴") == true)
    }

    @Test func `an attribute that should tell a step and does not is an error, and an epoch may be a fraction`() throws
    {
        var markers = StepMarkers()
        markers.add("step", text: "12")
        func found() throws(RunError) -> Int? {
            try CheckpointStep.find(markers, name: "step_3.h5", path: "x", isStrict: true)?.value
        }
        #expect(try found() == 12)
        markers = StepMarkers()
        markers.add("step", text: "soon")
        // Groups may have any attributes.
        #expect(try CheckpointStep.find(markers, name: "step_3.h5", path: "x")?.value == 3)
        let error = #expect(throws: RunError.self) { try found() }
        #expect(error?.kind == .malformed)
        #expect(error?.reason.hasPrefix("its attribute `step` is \"soon\"; expected a whole number") == true)
        markers.datasets["iteration"] = 4
        #expect(try found() == 4)
        markers = StepMarkers()
        markers.add("epoch", text: "0.5")
        #expect(try found() == 3)
    }
}
